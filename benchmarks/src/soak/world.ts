import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import type { ServerMaterial } from './server.ts'

const IP = '127.0.0.1'

/** The CAs of the soak, and what the server trusts at the moment. */
export class SoakWorld {
  readonly #root: DevCa
  readonly #guest: DevCa
  readonly #stranger: DevCa
  #trustsGuest = true
  #isChanging = false
  #turns = 0

  private constructor (root: DevCa, guest: DevCa, stranger: DevCa) {
    this.#root = root
    this.#guest = guest
    this.#stranger = stranger
  }

  static async create (): Promise<SoakWorld> {
    const [root, guest, stranger] = await Promise.all(['Root', 'Guest', 'Stranger'].map(async (name) => {
      return await createDevCa({ name })
    })) as [DevCa, DevCa, DevCa]
    return new SoakWorld(root, guest, stranger)
  }

  /** The root that clients trust. */
  get root (): string { return this.#root.root }

  get strangerRoot (): string { return this.#stranger.root }

  get trustsGuest (): boolean { return this.#trustsGuest }

  async server (): Promise<Pick<ServerMaterial, 'cert' | 'key'>> {
    const { chain, key } = await this.#root.issue({ cn: 'server', ip: IP })
    return { cert: chain, key }
  }

  async client (cn: string, ca: 'root' | 'guest' | 'stranger' = 'root'): Promise<IssuedCertificate> {
    const issuer = { root: this.#root, guest: this.#guest, stranger: this.#stranger }[ca]
    const issued = await issuer.issue({ cn, profile: 'client' })
    // OpenSSL sends the root of a client that trusts it. These clients send theirs too, so that each handshake of a
    // verified client has one certificate above the leaf, which some versions of Node lose.
    return ca === 'root' ? issued : { ...issued, chain: issued.chain + issuer.root }
  }

  /** What the server trusts now. */
  async trust (): Promise<Pick<ServerMaterial, 'ca' | 'crl'>> {
    const cas = this.#trustsGuest ? [this.#root, this.#guest] : [this.#root]
    return {
      ca: cas.map(({ root }) => root),
      crl: await Promise.all(cas.map(async (ca) => (await ca.crl()).pem))
    }
  }

  revoke (certificate: IssuedCertificate): void { this.#root.revoke(certificate.cert) }

  /** Removes or adds the CA of the guest. `apply` gives it to the server. */
  async toggleGuest (apply: (trust: Pick<ServerMaterial, 'ca' | 'crl'>) => Promise<void>): Promise<void> {
    this.#isChanging = true
    this.#trustsGuest = !this.#trustsGuest
    await apply(await this.trust())
    this.#isChanging = false
    this.#turns++
  }

  /** Another number after each change of the guest's CA; undefined while it changes. */
  get guestTurn (): number | undefined { return this.#isChanging ? undefined : this.#turns }
}
