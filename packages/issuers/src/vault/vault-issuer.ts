import { createPublicKey } from 'node:crypto'
import type { CertificateIssuer, Clock, IssuedMaterial, IssuedTrust, IssueQuestion } from '@peerkit/credentials'
import { SYSTEM_CLOCK } from '@peerkit/credentials/internal'
import { IssuerError } from '../errors.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import { idOf } from '../request/id-of.ts'
import { Secrets } from './auth/secrets.ts'
import { keepToken } from './auth/token-keeper.ts'
import type { TokenKeeper } from './auth/token-keeper.ts'
import { describeRequest, isExpected } from './certificate-request-body.ts'
import { explainDenied } from './explain-denied.ts'
import { fetchThrough } from './dispatch-fetch.ts'
import { readIssued } from './read-answer.ts'
import { RoleCheck } from './role/role-check.ts'
import { findCrlProblems } from './trust/crl-config.ts'
import { followMounts } from './trust/mount-revocation.ts'
import type { MountRevocation } from './trust/mount-revocation.ts'
import { readIssuers } from './trust/mount-issuers.ts'
import { makeTrust } from './trust/mount-trust.ts'
import { VaultApi } from './vault-api.ts'
import type { VaultAnswer, VaultCall } from './vault-api.ts'
import { openTransport } from './vault-dispatcher.ts'
import type { Transport } from './vault-dispatcher.ts'
import { checkVaultOptions } from './vault-options.ts'
import type { VaultIssuerOptions } from './vault-options.ts'
import { makeWarn } from './vault-warnings.ts'

/** An issuer with a token, which it renews until it is closed. */
export interface VaultIssuer extends CertificateIssuer {
  /** Who issues: `OpenBao https://bao.example:8200`. */
  readonly name: string
  /** Another one for another mount, role or namespace, other names or another lifetime. */
  readonly id: string
  /** Stops the renewal of the token and the fetching of CRLs. Close the credentials first. */
  close (): Promise<void>
}

/**
 * Gets certificates from the PKI of OpenBao or HashiCorp Vault. By default it signs a request of ours, so that the key
 * never leaves the process, and trusts the CAs of the mount.
 *
 * Before the first request the role is read, if the policy of the token allows it, and an option that contradicts it is
 * told. With `revocation`, the CRLs of the mount are followed.
 *
 * @param options `url`, `role`, `names` and `auth` are required
 * @throws IssuerOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issuer = vaultIssuer({
 *   url: 'https://bao.example:8200', ca: ca.root, role: 'ledger', names: { cn: 'ledger.example' },
 *   auth: { appRole: { roleId: 'ledger', secretId: { file: '/run/secrets/secret-id' } } }
 * })
 * console.log(typeof issuer.issue) // function; for renewingCredentials(issuer)
 * await issuer.close()
 * ```
 */
export function vaultIssuer (options: VaultIssuerOptions): VaultIssuer {
  checkVaultOptions(options)
  return new MountIssuerOf(options)
}

class MountIssuerOf implements VaultIssuer {
  readonly name: string
  readonly id: string
  readonly trust?: () => IssuedTrust
  readonly #options: VaultIssuerOptions
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #api: VaultApi
  readonly #tokens: TokenKeeper
  readonly #role: RoleCheck
  readonly #revocation: MountRevocation | undefined
  readonly #warn: (text: string) => void
  /** The mounts whose CRLs are followed and were not looked at yet. */
  #unseenMounts: readonly string[] = []
  #isClosed = false

  constructor (options: VaultIssuerOptions) {
    const { url, namespace, mount = 'pki', role, auth, clock = SYSTEM_CLOCK, onWarning, revocation = false } = options
    const secrets = new Secrets()
    const own = typeof auth === 'object' && 'certificate' in auth && auth.certificate.own === true
    this.#options = options
    this.#clock = clock
    this.#transport = openTransport(options, own)
    const { dispatcher, trusted } = this.#transport
    this.#api = new VaultApi({ url, namespace, dispatcher, trusted, secrets, now: () => clock.now() })
    this.name = this.#api.name
    const { names, mode, ttl, use, parameters, trust = 'mount' } = options
    this.id = idOf(url, namespace, mount, role, names, mode, ttl, use, parameters, trust)
    if (trust === 'none') this.trust = () => ({})
    const warn = makeWarn(this.#api.name, onWarning)
    this.#warn = warn
    this.#tokens = keepToken(auth, { api: this.#api, secrets, clock, warn })
    this.#role = new RoleCheck(this.#api, { mount, role }, warn)
    const settings = revocation === true ? {} : revocation
    const mounts = settings === false ? [] : [...new Set([mount, ...settings.mounts ?? []])]
    this.#unseenMounts = mounts
    this.#revocation = settings === false
      ? undefined
      : followMounts({
        api: this.#api,
        mounts,
        settings,
        fetch: fetchThrough(dispatcher),
        clock,
        warn
      })
  }

  async issue (question: IssueQuestion): Promise<IssuedMaterial> {
    const { mount = 'pki', role, names, mode = 'sign', ttl, parameters = {}, trust = 'mount' } = this.#options
    const { signal, privateKey, previous } = question
    if (this.#isClosed) throw new IssuerError('denied', `${this.#api.name}: the issuer is closed`)
    this.#transport.own?.use(previous, this.#clock.now())
    await this.#checkSettings(question)
    // Before the certificate: one whose CAs or CRLs cannot be read would be of no use, and stay with OpenBao.
    await this.#revocation?.followAgain(signal)
    const issuers = trust === 'mount' ? await readIssuers(this.#api, mount, signal) : []
    const path = `${mount}/${mode}/${role}`
    const body = {
      ...describeRequest(names, { ttl, parameters }),
      ...(mode === 'sign'
        ? { csr: (await createCertificateRequest(privateKey, names)).pem }
        : { private_key_format: 'pkcs8' })
    }
    const answer = await this.#send({ path, body, signal })
    for (const warning of answer.warnings) if (!isExpected(warning, ttl)) this.#warn(warning)
    const what = `${this.#api.name}: POST ${path}`
    const { cert, key, chain } = readIssued(answer, names, what)
    if (mode === 'issue' && key === undefined) throw new IssuerError('answer', `${what} answered without a private key`)
    const { authority, authorities } = this.#options
    const context = { api: this.#api, mount, authority, authorities, revocation: this.#revocation }
    const parts = trust === 'none' ? {} : makeTrust(context, issuers, chain)
    return { cert, ...(mode === 'issue' && key !== undefined && { key }), ...parts }
  }

  async close (): Promise<void> {
    this.#isClosed = true
    this.#tokens.close()
    await this.#revocation?.close()
    await this.#transport.close()
  }

  /** Tells before the first request what will not work. */
  async #checkSettings ({ signal, publicKey }: IssueQuestion): Promise<void> {
    const { names, mode = 'sign', ttl, use } = this.#options
    const key = createPublicKey(publicKey)
    const question = { names, mode, ttl, use, publicKey: key, revocation: this.#revocation !== undefined }
    // A login that is denied is no setting that may not be read.
    const token = await this.#tokens.get(signal)
    // Without a second login: a service need not be allowed to read settings, and its token is good then.
    const read = async (path: string): Promise<VaultAnswer['data']> => {
      return (await this.#api.call({ path, signal, token })).data
    }
    await this.#role.check({ question, read })
    for (const text of await findCrlProblems({ mounts: this.#unseenMounts, read })) this.#warn(text)
    this.#unseenMounts = []
  }

  /** Asks for the certificate. Explains why it was refused. */
  async #send (call: VaultCall): Promise<VaultAnswer> {
    try {
      return await this.#authorized(call)
    } catch (error) {
      if (!(error instanceof IssuerError)) throw error
      if (error.reason === 'refused') this.#role.forget()
      if (error.status !== 403) throw error
      const token = await this.#tokens.get(call.signal)
      throw await explainDenied(error, { api: this.#api, token, path: call.path, signal: call.signal })
    }
  }

  /** Calls with a token. A token that was refused may have ended: another one is tried, once. */
  async #authorized (call: VaultCall): Promise<VaultAnswer> {
    const token = await this.#tokens.get(call.signal)
    try {
      return await this.#api.call({ ...call, token })
    } catch (error) {
      if (!(error instanceof IssuerError) || error.status !== 403 || !this.#tokens.refuse(token)) throw error
      const next = await this.#tokens.get(call.signal)
      if (next === token) throw error
      return await this.#api.call({ ...call, token: next })
    }
  }
}
