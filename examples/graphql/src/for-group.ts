import mercurius from 'mercurius'
import type { MercuriusContext } from 'mercurius'

/** A resolver for clients of one group. For others the field is null, and an error says so. */
export function forGroup<Parent, Value> (
  group: string, resolve: (parent: Parent) => Value
): (parent: Parent, args: unknown, context: MercuriusContext) => Value {
  return (parent, _args, { reply: { request } }) => {
    if (request.peerGroups.includes(group)) return resolve(parent)
    request.log.warn({ peer: String(request.peer), group }, 'field denied')
    throw new mercurius.ErrorWithProps('This client may not read this field', { code: 'FIELD_DENIED' })
  }
}
