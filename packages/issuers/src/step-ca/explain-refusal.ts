import { clip, describeValue, listWords } from '@peerkit/identity/internal'
import { IssuerError, detailOf } from '../errors.ts'
import type { Provisioner } from './step-ca-api.ts'
import type { StepCaIssuerOptions } from './options.ts'

/** step-ca writes the reason into its own log, and says only that there is one. What can be told from here follows. */
const DEFAULT_LIMITS = { least: '5m0s', most: '24h0m0s' }

/** Which provisioner a refused request was for: the one of X5C, or the one that a token names as its issuer. */
export interface Asked {
  readonly provisioner: string | undefined
  readonly type: 'X5C' | undefined
  readonly lifetime: StepCaIssuerOptions['lifetime']
  /** When the token ends by its own words, ISO 8601. Undefined: it does not say, or we made it. */
  readonly ended: string | undefined
}

/** Whether step-ca said no, and not that it cannot answer. */
export function isRefusal (error: unknown): error is IssuerError {
  return error instanceof IssuerError && (error.reason === 'denied' || error.reason === 'refused')
}

/** The error of a refused enrolment, with what step-ca says of its provisioners. */
export function explainEnrolment (error: IssuerError, asked: Asked, provisioners: readonly Provisioner[]): IssuerError {
  const found = provisioners.find(({ name, type }) => {
    return name === asked.provisioner && (asked.type === undefined || type === asked.type)
  })
  const advice = found === undefined ? describeMissing(asked, provisioners) : describeKnown(error, found, asked)
  return withAdvice(error, advice)
}

/** The error of a refused renewal. */
export function explainRenewal (error: IssuerError): IssuerError {
  return withAdvice(error, 'step-ca renews no certificate that is revoked, and none of a provisioner that has ' +
    'disableRenewal or is gone; with renew: "enrol" each certificate is got as the first one')
}

function describeMissing ({ provisioner, type }: Asked, provisioners: readonly Provisioner[]): string {
  const kind = type === undefined ? '' : ` of type ${type}`
  const wanted = provisioner === undefined ? 'the token names no issuer' : `it has no provisioner ${provisioner}${kind}`
  const names = provisioners.map(({ name, type: found }) => `${name} (${found})`)
  return `${wanted}; it has ${names.length === 0 ? 'none' : clip(listWords(names), 300)}`
}

/**
 * Why a provisioner that is there may have refused. step-ca says what is wrong with names and lifetimes (403), and not
 * with tokens (401).
 */
function describeKnown ({ status, message }: IssuerError, provisioner: Provisioner, asked: Asked): string {
  const reasons = [
    ...(status === 401 && asked.type === undefined ? [describeToken(asked)] : []),
    ...(asked.lifetime !== undefined || asked.type === 'X5C' || message.includes('duration')
      ? [describeLimits(provisioner, asked)]
      : []),
    'the log of step-ca has the reason'
  ]
  return reasons.join('; ')
}

function describeToken ({ ended }: Asked): string {
  return ended === undefined
    ? 'a token is good for one certificate and for minutes: this one was used before, was made before step-ca was ' +
      'started, or is for another CA'
    : `the token ended at ${ended}: get a new one`
}

function describeLimits ({ name, type, claims }: Provisioner, { lifetime }: Asked): string {
  const { minTLSCertDuration: least, maxTLSCertDuration: most } = claims
  const limits = least === undefined && most === undefined
    ? `has the limits of its CA (${DEFAULT_LIMITS.least} to ${DEFAULT_LIMITS.most} unless configured)`
    : `permits lifetimes from ${show(least ?? DEFAULT_LIMITS.least)} to ${show(most ?? DEFAULT_LIMITS.most)}`
  const wanted = lifetime === undefined ? '' : `, and ${lifetime / 1000} s were asked for`
  const window = type === 'X5C' ? '; a certificate of X5C ends no later than the one that enrols it' : ''
  return `the provisioner ${name} (${type}) ${limits}${wanted}${window}`
}

function show (limit: unknown): string { return typeof limit === 'string' ? limit : describeValue(limit) }

function withAdvice (error: IssuerError, advice: string): IssuerError {
  const detail = `${detailOf(error)} (${advice})`
  const { reason, status, retryAfter } = error
  return new IssuerError(reason, detail, { status, retryAfter, cause: error })
}
