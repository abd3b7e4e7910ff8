import type { CertificateIssuer } from '@peerkit/credentials'
import { Agent } from 'undici'
import { IssuerClient } from '../http/issuer-client.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import { openAccount } from './account.ts'
import { loadAccountKey } from './account-key.ts'
import { checkAcmeOptions, readChallenges } from './acme-options.ts'
import type { AcmeIssuerOptions } from './acme-options.ts'
import { AcmeSession } from './acme-session.ts'
import { certificateIdOf } from './certificate-id.ts'
import { namesOf, readIdentifiers } from './identifiers.ts'
import type { AccountSigner } from './jws.ts'
import { orderCertificate } from './order.ts'
import { RenewalPlans } from './renewal-info.ts'

/** An issuer that asks an ACME server. */
export interface AcmeIssuer extends CertificateIssuer {
  /** What it is: `the ACME server acme.example`. */
  readonly name: string
  /** What is asked for: differs where the directory, the names or the profile differ. For a store of certificates. */
  readonly id: string
}

/**
 * Makes an issuer that gets certificates from an ACME server (RFC 8555): Let's Encrypt, step-ca, OpenBao and others.
 * It proves the names, orders the certificate, and renews it when the server wants it to be (RFC 9773).
 *
 * A public CA can take longer than the 10 seconds that `renewingCredentials` waits by default: set its `timeout`.
 *
 * @throws IssuerOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issuer = acmeIssuer({
 *   directory: 'https://acme.example/directory',
 *   names: { dns: ['ledger.example'] },
 *   account: { keyFile: 'acme-account.pem', termsOfServiceAgreed: true },
 *   challenges: { http01: { port: 8080 } }
 * })
 * console.log(issuer.name) // the ACME server acme.example
 * ```
 */
export function acmeIssuer (options: AcmeIssuerOptions): AcmeIssuer {
  checkAcmeOptions(options)
  const { names, account, challenges, profile, ca, agent, clock: now = Date.now, random = Math.random } = options
  const identifiers = readIdentifiers(names)
  const hooks = readChallenges(challenges)
  const directory = new URL(options.directory)
  const name = `the ACME server ${directory.host}`
  const trusted = agent === undefined
    ? `a CA of the option ca${ca === undefined ? ', or a public CA' : ''}`
    : 'a CA that the option agent trusts'
  const plans = new RenewalPlans({ now, random })
  let signer: Promise<AccountSigner> | undefined
  const loadKey = async (): Promise<AccountSigner> => {
    signer ??= loadAccountKey(account, 'account').catch((error: unknown) => {
      signer = undefined
      throw error
    })
    return await signer
  }
  return Object.freeze({
    name,
    id: JSON.stringify(['acme', directory.href, identifiers.map(({ value }) => value).sort(), names.cn, profile]),
    // An ACME server names no CA to trust.
    trust: () => ({}),
    async issue ({ privateKey, signal, previous }) {
      // Closed with the call, so that no idle connection keeps the process alive.
      const own = ca === undefined ? undefined : new Agent({ connect: { ca: Buffer.from(ca as string) } })
      try {
        const client = new IssuerClient({ name, dispatcher: own ?? agent, trusted, now })
        const key = await loadKey()
        let session: Promise<AcmeSession> | undefined
        const open = async (): Promise<AcmeSession> => {
          session ??= AcmeSession.open({ client, name, directory, signer: key, signal, now })
          return await session
        }
        const kept = await plans.keep(previous, open)
        signal.throwIfAborted()
        if (kept !== undefined) return kept
        const opened = await open()
        const kid = await openAccount(opened, account)
        const { der } = await createCertificateRequest(privateKey, { cn: names.cn, ...namesOf(identifiers) })
        const replaces = opened.directory.renewalInfo === undefined || previous === undefined
          ? undefined
          : certificateIdOf(previous.cert)?.id
        const cert = await orderCertificate({ session: opened, kid, identifiers, hooks, profile, replaces, csr: der })
        return { cert, renewAt: await plans.schedule(opened, cert) }
      } finally {
        await own?.destroy()
      }
    }
  } satisfies AcmeIssuer)
}
