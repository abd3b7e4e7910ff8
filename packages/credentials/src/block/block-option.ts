import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import type { Blocked, BlockList } from '@peerkit/trust'
import { CredentialsOptionError } from '../errors.ts'
import type { BlockSource } from './block-source.ts'
import { describe } from './read-entry.ts'

/**
 * Returns `true` or a reason if a certificate is blocked. Synchronous. If it throws, or returns a promise or any other
 * value, the certificate is blocked.
 */
export type BlockFunction = (certificate: PeerIdentity) => boolean | string | undefined

/** What the option `block` accepts: `blockFile()`, `blockMemory()`, your own list, or a function. */
export type BlockOption = BlockList | BlockFunction

const FAILED = 'the function failed'

/**
 * Turns the option `block` into a list. A function is called for every connection and request, because nothing says
 * when its answers change.
 *
 * @param option the value of the option
 * @param where the name of the option, for errors
 * @throws CredentialsOptionError if the value is not a block list or a function
 * @example
 * ```ts
 * const stolen = new Set([peer.publicKey256])
 * const list = readBlockOption((certificate: PeerIdentity) => stolen.has(certificate.publicKey256), 'block')
 * console.log(list.find(peer)) // { entry: 'the function', reason: undefined }
 * ```
 */
export function readBlockOption (option: unknown, where: string): BlockList {
  if (typeof option === 'function') return listOfFunction(option as (certificate: PeerIdentity) => unknown)
  const { find, version } = (option ?? {}) as Partial<BlockList>
  const hasFind = typeof find === 'function' && !Array.isArray(option)
  if (hasFind && typeof version === 'number') return option as BlockList
  const expected = `${where}: expected blockFile(), blockMemory(), an object with find() and version or a function`
  if (isThenable(option)) throw new CredentialsOptionError(`${expected}; found a promise: await blockFile()`)
  if (hasFind) {
    throw new CredentialsOptionError(`${expected}; found an object whose version is ${describe(version)}`)
  }
  const hint = Array.isArray(option) ? ' (blockMemory() takes an array)' : ''
  throw new CredentialsOptionError(`${expected}; found ${describe(option)}${hint}`)
}

/**
 * Says whether a list has `subscribe()`, as those of `blockFile()` and `blockMemory()` do.
 *
 * @example
 * ```ts
 * console.log(isBlockSource(blockMemory([]))) // true
 * ```
 */
export function isBlockSource (option: BlockOption | undefined): option is BlockSource {
  return typeof (option as Partial<BlockSource> | undefined)?.subscribe === 'function'
}

function listOfFunction (isBlocked: (certificate: PeerIdentity) => unknown): BlockList {
  return Object.freeze({ version: 1, always: true, find: (certificate: PeerIdentity) => ask(isBlocked, certificate) })
}

function ask (isBlocked: (certificate: PeerIdentity) => unknown, certificate: PeerIdentity): Blocked | undefined {
  try {
    const answer = isBlocked(certificate)
    if (answer === undefined || answer === false) return undefined
    if (answer === true) return { entry: 'the function', reason: undefined }
    if (typeof answer === 'string') return { entry: 'the function', reason: answer === '' ? undefined : answer }
    // The failure is reported here. Without a handler, a rejection would end the process.
    if (isThenable(answer)) answer.then(undefined, () => {})
    const found = isThenable(answer) ? 'a promise' : describe(answer)
    return { entry: FAILED, reason: `it returned ${found}; expected true, false, undefined or a reason` }
  } catch (error) {
    return { entry: FAILED, reason: error instanceof Error ? error.message : `it threw ${describe(error)}` }
  }
}
