import type { PeerIdentity } from '@peerkit/identity'
import type { Blocked, BlockList } from '@peerkit/trust'
import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import type { BlockSource } from './block-source.ts'
import { describe } from './read-entry.ts'

/**
 * Says whether a certificate is blocked: `true`, or the reason for it. It answers at once. Where it throws, or gives a
 * promise or anything else, the certificate is blocked.
 */
export type BlockFunction = (certificate: PeerIdentity) => boolean | string | undefined

/** Whom to keep out: `blockFile()`, `blockMemory()`, a list of one's own, or a function. */
export type BlockOption = BlockList | BlockFunction

const FAILED = 'the function failed'

/**
 * The list that an option means. A function is asked for every connection and request: nothing tells when its answers change.
 *
 * @param where names the option, for errors
 * @throws MTLS_ERR_CREDENTIALS_OPTION
 * @example
 * const list = readBlockOption((certificate) => stolen.has(certificate.publicKey256), 'block')
 */
export function readBlockOption (option: unknown, where: string): BlockList {
  if (typeof option === 'function') return listOfFunction(option as (certificate: PeerIdentity) => unknown)
  const { find, version } = (option ?? {}) as Partial<BlockList>
  const hasFind = typeof find === 'function' && !Array.isArray(option)
  if (hasFind && typeof version === 'number') return option as BlockList
  const expected = `${where}: expected blockFile(), blockMemory(), an object with find() and version or a function`
  if (isPromise(option)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${expected}; found a promise: await blockFile()`)
  if (hasFind) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${expected}; found one whose version is ${describe(version)}, no number`)
  }
  const hint = Array.isArray(option) ? ' (blockMemory() takes an array)' : ''
  throw new MTLS_ERR_CREDENTIALS_OPTION(`${expected}; found ${describe(option)}${hint}`)
}

/** Whether an option tells of its changes, as `blockFile()` and `blockMemory()` do. */
export function isBlockSource (option: BlockOption | undefined): option is BlockSource {
  return typeof (option as Partial<BlockSource> | undefined)?.subscribe === 'function'
}

function listOfFunction (judge: (certificate: PeerIdentity) => unknown): BlockList {
  return Object.freeze({ version: 1, always: true, find: (certificate: PeerIdentity) => ask(judge, certificate) })
}

function ask (judge: (certificate: PeerIdentity) => unknown, certificate: PeerIdentity): Blocked | undefined {
  try {
    const answer = judge(certificate)
    if (answer === undefined || answer === false) return undefined
    if (answer === true) return { entry: 'the function', reason: undefined }
    if (typeof answer === 'string') return { entry: 'the function', reason: answer === '' ? undefined : answer }
    // Its failure is said here already, and must not end the process as a rejection that nobody handles.
    if (isPromise(answer)) answer.then(undefined, () => {})
    const found = isPromise(answer) ? 'a promise' : describe(answer)
    return { entry: FAILED, reason: `it gave ${found}; expected true, false, undefined or a reason, at once` }
  } catch (error) {
    return { entry: FAILED, reason: error instanceof Error ? error.message : `it threw ${describe(error)}` }
  }
}

function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
