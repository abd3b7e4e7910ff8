import type { CredentialSource } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'
import type { AllowedServers } from '@peerkit/undici-mtls'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { IssuerOptionError } from '../errors.ts'
import { OwnCertificate } from './own-certificate.ts'

/** How OpenBao is reached. At most one of `agent`, `ca` and `credentials`. */
export interface VaultTransport {
  /** Sends the calls: an `MtlsAgent`, or another dispatcher of undici. It is not closed. */
  readonly agent?: Dispatcher | undefined
  /** The CAs of the server's certificate, PEM. It must be for the host name. */
  readonly ca?: string | readonly string[] | undefined
  /** The certificate to present and the CAs to trust. They may change at any time. */
  readonly credentials?: CredentialSource | undefined
  /** With `credentials`: who may answer. Default: the certificate must be for the host name. */
  readonly allowedServers?: AllowedServers | undefined
}

/** What sends the calls. */
export interface Transport {
  /** Undefined: that of undici. */
  readonly dispatcher: Dispatcher | undefined
  /** Whom the server's certificate must lead to, for errors. */
  readonly trusted: string
  /** Presents what was issued. Undefined without the option `own`. */
  readonly own: OwnCertificate | undefined
  close (): Promise<void>
}

/**
 * @param own whether the issued certificate is presented
 * @throws IssuerOptionError, and the errors of MtlsAgent
 */
export function openTransport ({ agent, ca, credentials, allowedServers }: VaultTransport, own: boolean): Transport {
  const given = Object.entries({ agent, ca, credentials }).filter(([, value]) => value !== undefined)
  if (given.length > 1) {
    const names = given.map(([name]) => name).join(' and ')
    throw new IssuerOptionError(`${names} are both set; expected only one of agent, ca and credentials`)
  }
  if (allowedServers !== undefined && credentials === undefined) {
    throw new IssuerOptionError('allowedServers is set without credentials; expected both, or rules in the agent')
  }
  if (credentials !== undefined) {
    const presented = own ? new OwnCertificate(credentials) : undefined
    const mtls = new MtlsAgent({
      credentials: presented ?? credentials, ...(allowedServers !== undefined && { allowedServers })
    })
    return {
      dispatcher: mtls,
      trusted: 'a CA of the option credentials',
      own: presented,
      async close () {
        await mtls.destroy()
        await presented?.close()
      }
    }
  }
  if (ca === undefined) {
    const trusted = agent === undefined
      ? 'a CA of the option ca, or a public CA'
      : 'a CA that the option agent trusts'
    return { dispatcher: agent, trusted, own: undefined, async close () {} }
  }
  const plain = new Agent({ allowH2: false, connect: { ca: [ca].flat() } })
  const trusted = 'a CA of the option ca'
  return { dispatcher: plain, trusted, own: undefined, async close () { await plain.destroy() } }
}
