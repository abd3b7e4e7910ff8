import type { PeerIdentity } from '@peerkit/identity'
import type { CertificateField } from './certificate-field.ts'

/** The values of one peer by field. Each field is read at most once per decision. */
export class PeerValues {
  readonly peer: PeerIdentity
  readonly #read = new Map<string, readonly string[] | undefined>()

  constructor (peer: PeerIdentity) {
    this.peer = peer
  }

  /** The peer's keys in `field`; `undefined` if they are unknown. */
  of (field: CertificateField): readonly string[] | undefined {
    let keys = this.#read.get(field.name)
    if (keys === undefined && !this.#read.has(field.name)) {
      keys = field.read(this.peer)
      this.#read.set(field.name, keys)
    }
    return keys
  }
}
