import { parseSpiffeId } from '@peerkit/identity'
import type { TrustSource } from '../sources/credential-snapshot.ts'

type MayAdd = NonNullable<TrustSource['mayAdd']>

/** The trust domains that a source may add: every name of a trust domain, or these. */
export type AwaitedTrustDomains = 'any' | readonly string[]

/** What a source may add. */
export interface AwaitingSource {
  /** Whether it may add the trust domain of this name. Asked for names of trust domains only. */
  readonly mayAdd: MayAdd
  /** The same as a list, for who cannot be given a function. */
  readonly list: () => AwaitedTrustDomains
}

const lists = new WeakMap<MayAdd, AwaitingSource['list']>()

/** Makes the function `mayAdd` of a source, of which the answers can be listed. */
export function awaitTrustDomains ({ mayAdd, list }: AwaitingSource): MayAdd {
  const check: MayAdd = (name) => isTrustDomain(name) && mayAdd(name)
  lists.set(check, list)
  return check
}

/**
 * Lists the trust domains that a source may add now.
 *
 * @returns undefined if the function was not made by `awaitTrustDomains`
 */
export function listAwaited (mayAdd: MayAdd): AwaitedTrustDomains | undefined {
  return lists.get(mayAdd)?.()
}

/** Whether a text is the name of a trust domain. */
export function isTrustDomain (name: string): boolean {
  try {
    const { trustDomain, path } = parseSpiffeId(`spiffe://${name}`)
    return path === '' && trustDomain === name
  } catch {
    return false
  }
}
