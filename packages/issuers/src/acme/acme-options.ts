import type { Dispatcher } from 'undici'
import {
  clock, count, defineOptions, func, methods, required, secret, text, url, valueOf, wrongOption
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import type { AcmeAccountOptions } from './account.ts'
import { checkAccount } from './account-options.ts'
import type { ChallengeHook, ChallengeHooks, Dns01Record, Http01Answer } from './challenges.ts'
import { http01Listener } from './http01-listener.ts'
import type { Http01ListenerOptions } from './http01-listener.ts'
import type { AcmeNames } from './identifiers.ts'

/** How the CA may verify that the names are ours. At least one. */
export interface AcmeChallenges {
  /**
   * http-01. `{ port, host }` opens a listener while a challenge is to be met. An `http01Responder()` answers on the
   * app's own plain port. Any other `{ set, remove }` stores the answer where something else serves it.
   */
  readonly http01?: Http01ListenerOptions | ChallengeHook<Http01Answer> | undefined
  /** dns-01: sets and removes a TXT record. Needed for wildcards. */
  readonly dns01?: ChallengeHook<Dns01Record> | undefined
}

/** Options of `acmeIssuer`. */
export interface AcmeIssuerOptions {
  /** The URL of the CA's directory. `http:` for addresses of this machine only. */
  readonly directory: string
  /** The names to ask for: `{ dns: ['ledger.example'] }`. A common name has to be one of them. */
  readonly names: AcmeNames
  /** Our account with the CA. */
  readonly account: AcmeAccountOptions
  /** How the CA may verify that the names are ours. */
  readonly challenges: AcmeChallenges
  /** A profile that the CA offers, such as `shortlived`. Default: the CA chooses. */
  readonly profile?: string | undefined
  /** The CAs of the server's own certificate, PEM. Default: the public CAs of Node. Not together with `agent`. */
  readonly ca?: string | Uint8Array | undefined
  /** Sends the calls: an `MtlsAgent`, or another dispatcher of undici. Default: one with `ca`. */
  readonly agent?: Dispatcher | undefined
  /** Returns the time in milliseconds since the epoch. Default: `Date.now`. */
  readonly clock?: (() => number) | undefined
  /** Returns random numbers from 0 up to 1, for the moment of renewal. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
// A text may be a key, or a secret of the account.
const OBJECT = secret('an object', isObject)
const OPTIONS: OptionSet = defineOptions<AcmeIssuerOptions>('acmeIssuer', IssuerOptionError, {
  directory: required(url('https://acme.example/directory; http: for addresses of this machine only', isSafe)),
  names: required(valueOf('names such as { dns: ["ledger.example"] }', isObject)),
  account: required(OBJECT),
  challenges: required(OBJECT),
  profile: text('the name of a profile'),
  ca: secret('PEM as a string or Buffer', isPem),
  agent: methods(['dispatch']),
  clock,
  random: func()
})
const HOOK = methods(['set', 'remove'])
const CHALLENGES: OptionSet = defineOptions<AcmeChallenges>('challenges', IssuerOptionError, {
  http01: valueOf('{ port, host }, http01Responder(), or an object with set() and remove()', isObject),
  dns01: HOOK
})
const LISTENER: OptionSet = defineOptions<Http01ListenerOptions>('http01', IssuerOptionError, {
  port: count({ least: 1, most: 65_535 }), host: text('an address of this machine')
})

/** @throws IssuerOptionError */
export function checkAcmeOptions (options: AcmeIssuerOptions): void {
  OPTIONS.check(options)
  checkAccount(options.account, 'account')
  if (options.ca === undefined || options.agent === undefined) return
  throw new IssuerOptionError('ca and agent are both set; expected one of them: the agent has CAs of its own')
}

/** Where the proofs of names go. @throws IssuerOptionError */
export function readChallenges (challenges: AcmeChallenges): ChallengeHooks {
  CHALLENGES.check(challenges, 'challenges')
  const { http01, dns01 } = challenges
  if (http01 === undefined && dns01 === undefined) {
    throw new IssuerOptionError('challenges has neither http01 nor dns01; expected at least one of them')
  }
  if (http01 === undefined || isHook(http01)) return { http01, dns01 }
  if ('set' in http01 || 'remove' in http01) {
    const found = `an object without ${'set' in http01 ? 'remove()' : 'set()'}`
    throw wrongOption(IssuerOptionError, 'challenges.http01', found, 'set() and remove()')
  }
  LISTENER.check(http01, 'challenges.http01')
  return { http01: http01Listener(http01), dns01 }
}

function isHook (value: AcmeChallenges['http01']): value is ChallengeHook<Http01Answer> { return HOOK.accepts(value) }

function isPem (value: unknown): boolean {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return false
  return Buffer.from(value as string).includes('-----BEGIN CERTIFICATE-----')
}

function isSafe ({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname))
}
