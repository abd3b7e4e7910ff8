import type { Authorizer } from '@peerkit/rules'
import type { Mode } from './guarded-route.ts'

/** Rules of an encapsulated plugin, which hold for its routes and for those of the plugins inside it. */
export interface Scope {
  readonly prefix: string
  readonly authorizer: Authorizer | undefined
  /** Whether a route's own rules stand in place of these, instead of narrowing them. */
  readonly mayWiden: boolean
  readonly mode: Mode | undefined
  readonly parent: Scope | undefined
}

const scopes = new WeakMap<object, Scope>()

/** The innermost scope around a Fastify instance: instances inherit from the one they were registered on. */
export function scopeOf (instance: object | null): Scope | undefined {
  for (let step = instance; step !== null; step = Object.getPrototypeOf(step)) {
    const scope = scopes.get(step)
    if (scope !== undefined) return scope
  }
  return undefined
}

export function hasOwnScope (instance: object): boolean { return scopes.has(instance) }

export function setScope (instance: object, scope: Scope): void { scopes.set(instance, scope) }
