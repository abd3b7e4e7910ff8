import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Set on a request that the rules of a group allowed. */
const kAllowedBy: unique symbol = Symbol('peerkit.allowedBy')

type AllowedRequest = FastifyRequest & { [kAllowedBy]?: string }

/** Notes the group that allowed a request. A function may have allowed it, and it is not called again. */
export function noteGroup (request: FastifyRequest, group: string | undefined): void {
  if (group !== undefined) (request as AllowedRequest)[kAllowedBy] = group
}

/**
 * Adds `request.peerGroups`. It costs a request nothing until it is read.
 *
 * @param groupsOf returns the groups of which a rule matches the client
 */
export function decoratePeerGroups (
  app: FastifyInstance, groupsOf: (request: FastifyRequest) => readonly string[]
): void {
  app.decorateRequest('peerGroups', {
    getter (this: FastifyRequest) {
      const names = groupsOf(this)
      const group = (this as AllowedRequest)[kAllowedBy]
      return group === undefined || names.includes(group) ? names : Object.freeze([...names, group])
    }
  } as never)
}
