import {
  choice, clock, defineOptions, duration, required, secret, text, url, valueOf
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import { checkNames } from '../request/requested-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'

/** What the function of `enrol.token` is called with. */
export interface StepCaTokenQuestion {
  /** Whom the certificate is for: the common name, or the first other name. `sub` of the token. */
  readonly subject: string
  /** All names but the common name. `sans` of the token. */
  readonly sans: readonly string[]
  /** `aud` of the token: the URL of the call that it permits. */
  readonly audience: string
  /** SHA-256 of the certificate request in base64url: for `cnf` of the token, as `x5rt#S256`. */
  readonly fingerprint: string
  /** Aborted when the time of the call is over, or the source is closed. */
  readonly signal: AbortSignal
}

/** A certificate that we have already, and the provisioner of type X5C that accepts it. */
export interface StepCaX5cOptions {
  /** Path of the certificate with its intermediates, PEM. Read for each enrolment. */
  readonly cert: string
  /** Path of its private key, PEM. Read for each enrolment. */
  readonly key: string
  /** Name of the provisioner. */
  readonly provisioner: string
}

/** How the first certificate is got: exactly one of them. */
export interface StepCaEnrolOptions {
  /** With a token that the key of an existing certificate signs. Default: not used. */
  readonly x5c?: StepCaX5cOptions | undefined
  /** With a one-time token, such as one of a JWK provisioner. Called for each enrolment. Default: not used. */
  readonly token?: ((question: StepCaTokenQuestion) => string | Promise<string>) | undefined
}

/** Options of `stepCaIssuer`. */
export interface StepCaIssuerOptions {
  /** Where step-ca is: `https://ca.example:9000`. */
  readonly url: string
  /** Path of the root certificates of step-ca, PEM. Read for each call. Either this or `fingerprint`. */
  readonly root?: string | undefined
  /** SHA-256 of the root certificate in hex: step-ca is asked for the certificate. Either this or `root`. */
  readonly fingerprint?: string | undefined
  /** The names to ask for. */
  readonly names: RequestedNames
  /** How the first certificate is got. */
  readonly enrol: StepCaEnrolOptions
  /**
   * How the next ones are got. `mtls`: the certificate in use authenticates the call, until it has ended. `enrol`: as
   * the first one. Default `mtls`.
   */
  readonly renew?: 'mtls' | 'enrol' | undefined
  /** The lifetime to ask for, in milliseconds. Renewal by `mtls` keeps it. Default: that of the provisioner. */
  readonly lifetime?: number | undefined
  /**
   * Which CAs are trusted with a new certificate. `pinned`: those of `root` or `fingerprint`. `roots`: those that
   * step-ca names as its own. `federation`: these and those of its federation. Default `pinned`.
   */
  readonly trust?: 'pinned' | 'roots' | 'federation' | undefined
  /** Returns the time. For tests. Default `Date.now`. */
  readonly clock?: (() => number) | undefined
}

const FINGERPRINT = /^[0-9a-f]{64}$/i
/** The shortest lifetime is a minute: step-ca sets the start of a certificate a minute back. */
const LEAST_LIFETIME = 60_000
const MOST_LIFETIME = 2 ** 31 - 1

const OPTIONS: OptionSet = defineOptions<StepCaIssuerOptions>('stepCaIssuer', IssuerOptionError, {
  url: required(url('https://ca.example:9000', ({ protocol, pathname, username, search, hash }) => {
    return protocol === 'https:' && pathname === '/' && username + search + hash === ''
  })),
  root: text('a path'),
  fingerprint: valueOf('SHA-256 in hex, such as "step certificate fingerprint" prints', isFingerprint),
  names: required(valueOf('names such as { cn: "ledger" }', () => true)),
  // A text here, or in it, may be the token itself.
  enrol: required(secret('{ x5c } or { token }', (value) => typeof value === 'object' && value !== null)),
  renew: choice('mtls', 'enrol'),
  lifetime: duration({ least: LEAST_LIFETIME, most: MOST_LIFETIME }),
  trust: choice('pinned', 'roots', 'federation'),
  clock
})
const ENROL: OptionSet = defineOptions<StepCaEnrolOptions>('enrol', IssuerOptionError, {
  x5c: secret('{ cert, key, provisioner }', (value) => typeof value === 'object' && value !== null),
  token: secret(
    'a function that returns a token: () => readFile("token.txt", "utf8")', (value) => typeof value === 'function'
  )
})
const X5C: OptionSet = defineOptions<StepCaX5cOptions>('enrol.x5c', IssuerOptionError, {
  cert: required(text('a path')),
  key: required(text('a path')),
  provisioner: required(text('the name of a provisioner'))
})

/** @throws IssuerOptionError */
export function checkStepCaOptions (options: StepCaIssuerOptions): void {
  OPTIONS.check(options)
  const { root, fingerprint, names, enrol } = options
  checkNames(names, 'names')
  if ((root === undefined) === (fingerprint === undefined)) {
    const found = root === undefined ? 'neither root nor fingerprint is given' : 'root and fingerprint are both given'
    throw new IssuerOptionError(`${found}; expected one of them`)
  }
  ENROL.check(enrol, 'enrol')
  if ((enrol.x5c === undefined) === (enrol.token === undefined)) {
    const found = enrol.x5c === undefined ? 'neither x5c nor token' : 'both x5c and token'
    throw new IssuerOptionError(`enrol has ${found}; expected one of them`)
  }
  if (enrol.x5c !== undefined) X5C.check(enrol.x5c, 'enrol.x5c')
}

/** Without colons, in lower case. */
export function normalizeFingerprint (fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

function isFingerprint (value: unknown): boolean {
  return typeof value === 'string' && FINGERPRINT.test(normalizeFingerprint(value))
}
