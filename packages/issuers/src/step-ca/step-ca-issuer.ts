import type { CertificateIssuer, CredentialSnapshot, IssueQuestion, TrustQuestion } from '@peerkit/credentials'
import { count, defineOptions, duration, text } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerError, IssuerOptionError } from '../errors.ts'
import { checkCertifiedNames } from '../request/certified-names.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import { idOf } from '../request/id-of.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { Enrolment } from './enrolment.ts'
import { explainRenewal, isRefusal } from './explain-refusal.ts'
import { checkStepCaOptions } from './options.ts'
import type { StepCaIssuerOptions } from './options.ts'
import { pinRoots } from './root-certificates.ts'
import { StepCaApi } from './step-ca-api.ts'
import type { OwnCertificate, SignedChain } from './step-ca-api.ts'

/** How a certificate is revoked. */
export interface StepCaRevokeOptions {
  /** Code of RFC 5280 section 5.3.1, from 0 to 10. Default 5: the service has ended (cessationOfOperation). */
  readonly reasonCode?: number | undefined
  /** Words for the records of step-ca. Default: none. */
  readonly reason?: string | undefined
  /** Milliseconds for the call. Default 5,000. */
  readonly timeout?: number | undefined
}

/** An issuer that is a step-ca. */
export interface StepCaIssuer extends CertificateIssuer {
  /** Who issues: `step-ca https://ca.example:9000`. */
  readonly name: string
  /** Another one for other names, another lifetime or another step-ca. */
  readonly id: string
  /**
   * Revokes a certificate that step-ca has issued, such as `credentials.current` at a shutdown. The certificate itself
   * authenticates the call.
   *
   * @throws IssuerError if step-ca does not say that it is revoked
   */
  revoke (snapshot: Pick<CredentialSnapshot, 'cert' | 'key' | 'identity'>, options?: StepCaRevokeOptions): Promise<void>
}

const NAMED_BY = ' (the token and the template of the provisioner decide)'

const REVOKE: OptionSet = defineOptions<StepCaRevokeOptions>('revoke', IssuerOptionError, {
  reasonCode: count({ most: 10 }), reason: text('words'), timeout: duration()
})

/**
 * Makes an issuer that gets certificates from step-ca. The first one is got with a certificate of another CA (X5C) or
 * with a one-time token, the next ones by mutual TLS with the one in use.
 *
 * @throws IssuerOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issuer = stepCaIssuer({
 *   url: 'https://ca.example:9000',
 *   root: '/etc/step/root_ca.crt',
 *   names: { cn: 'ledger', dns: ['ledger.example'] },
 *   enrol: { token: () => process.env.STEP_TOKEN ?? '' }
 * })
 * console.log(typeof issuer.revoke) // function
 * ```
 */
export function stepCaIssuer (options: StepCaIssuerOptions): StepCaIssuer {
  checkStepCaOptions(options)
  const { clock: now = Date.now, renew = 'mtls', trust = 'pinned' } = options
  const base = new URL(options.url)
  const name = `step-ca ${base.origin}`
  const api = new StepCaApi(base, name, now)
  const pinned = pinRoots(options, base, name)
  const enrol = new Enrolment(options, { api, base, name, now })
  return {
    name,
    id: idOf(base.origin, options.names, options.lifetime, trust, options.fingerprint),
    // With a fingerprint step-ca has to be asked. What is stored for it is of no other root.
    ...(trust === 'pinned' && options.root !== undefined && {
      trust: async ({ signal }: TrustQuestion) => ({ ca: [...await pinned(signal)] })
    }),
    async issue ({ privateKey, signal, previous }) {
      const roots = await pinned(signal)
      const own = renew === 'mtls' && previous !== undefined && previous.notAfter > now() ? ownOf(previous) : undefined
      const { cert } = own === undefined
        ? await enrol.run({ privateKey, signal, roots })
        : await rekey(api, { privateKey, signal, own, names: options.names, roots })
      checkCertifiedNames(cert, options.names, { what: name, hint: NAMED_BY })
      return { cert, ca: [...await trustOf(api, trust, roots, signal)] }
    },
    async revoke (snapshot, revokeOptions = {}) {
      REVOKE.check(revokeOptions)
      const { reasonCode = 5, reason = '', timeout = 5_000 } = revokeOptions
      const own = ownOf(snapshot)
      if (own === undefined) {
        throw new IssuerError('refused', `${name}: the key of the certificate is in a token; expected one in memory`)
      }
      const signal = AbortSignal.timeout(timeout)
      const body = { serial: `0x${String(snapshot.identity.serialNumber)}`, reasonCode, reason, passive: true }
      try {
        await api.revoke(body, { roots: await pinned(signal), own, signal })
      } catch (error) {
        if (!signal.aborted) throw error
        const detail = `${name}: no answer to the revocation within ${timeout} ms`
        throw new IssuerError('unreachable', detail, { cause: error })
      }
    }
  }
}

/** What a snapshot can present here. Undefined if its key is in a token. */
function ownOf (
  { cert, key }: { readonly cert: string, readonly key: string | undefined }
): OwnCertificate | undefined {
  return key === undefined ? undefined : { cert, key }
}

/** The CAs to trust with a certificate. Those of other CAs never authenticate step-ca. */
async function trustOf (
  api: StepCaApi, trust: StepCaIssuerOptions['trust'], roots: readonly string[], signal: AbortSignal
): Promise<readonly string[]> {
  if (trust === 'pinned') return roots
  const own = await api.listRoots('/roots', { roots, signal })
  const others = trust === 'federation' ? await api.listRoots('/federation', { roots, signal }) : []
  return [...new Set([...own, ...others])]
}

interface Renewal extends Pick<IssueQuestion, 'privateKey' | 'signal'> {
  readonly own: OwnCertificate
  readonly names: RequestedNames
  readonly roots: readonly string[]
}

/** `/renew` would keep the key. step-ca takes nothing of the request but its key. */
async function rekey (api: StepCaApi, { privateKey, signal, own, names, roots }: Renewal): Promise<SignedChain> {
  const { pem } = await createCertificateRequest(privateKey, names)
  try {
    return await api.rekey(pem, { roots, own, signal })
  } catch (error) {
    throw isRefusal(error) ? explainRenewal(error) : error
  }
}
