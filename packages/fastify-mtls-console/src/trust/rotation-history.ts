import type { CredentialChange, CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { compareAuthorities } from './compare-authorities.ts'

/** A rotation in the history of the service's credentials. */
export interface Turn {
  /** `start`: the credentials in force when the console was registered. */
  readonly type: 'start' | 'rotated' | 'refused'
  /** Milliseconds since the epoch. For several equal refusals in a row: the last one. */
  readonly time: number
  readonly count: number
  /** The number of the credentials in force afterwards. */
  readonly generation: number
  readonly trustEpoch: number
  readonly fingerprint256: string | undefined
  readonly serialNumber: string | undefined
  readonly notAfter: number
  /** CAs that were added and removed. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** The changes of authorities, a line each. */
  readonly authorities: readonly string[]
  /** For a refusal: its message. */
  readonly message: string | undefined
}

/** A CA that was trusted before. */
export interface FormerAnchor {
  readonly identity: PeerIdentity
  /** The authority that had it. */
  readonly authority: string
  readonly removedAt: number
}

type Changes = Pick<Turn, 'added' | 'removed' | 'authorities'>

const NOTHING: Changes = Object.freeze({ added: [], removed: [], authorities: [] })
const MAX_TURNS = 100
const MAX_FORMER = 20

/** Records the rotations of a credential source. */
export class RotationHistory {
  readonly #turns: Turn[] = []
  readonly #former = new Map<string, FormerAnchor>()
  /** The authorities whose files are refused; undefined stands for what is refused as a whole. */
  readonly #refused = new Set<string | undefined>()
  readonly #now: () => number
  readonly #unsubscribe: () => void

  constructor (credentials: CredentialSource, now: () => number) {
    this.#now = now
    this.#turns.push({ ...this.#describe(credentials.current), type: 'start', ...NOTHING, message: undefined })
    this.#unsubscribe = credentials.subscribe((change) => { this.#take(change) })
  }

  /** Whether something is refused at present. */
  get isRefused (): boolean { return this.#refused.size > 0 }

  /** The newest first. */
  list (): Turn[] { return [...this.#turns].reverse() }

  /** CAs that were removed and not added again, the newest first. */
  formerAnchors (): FormerAnchor[] { return [...this.#former.values()].reverse() }

  close (): void { this.#unsubscribe() }

  #take (change: CredentialChange): void {
    if (change.type === 'recovered') {
      this.#refused.delete(change.authority)
      return
    }
    if (change.type === 'refused') {
      this.#refused.add(change.authority)
      this.#refuse(change.error, change.snapshot)
      return
    }
    const { snapshot, previous } = change
    const [added, removed] = [without(snapshot.anchors, previous.anchors), without(previous.anchors, snapshot.anchors)]
    for (const { fingerprint256 } of added) this.#former.delete(fingerprint256 ?? '')
    for (const identity of removed) {
      const authority = previous.authorities.find(({ anchors }) => anchors.includes(identity))?.name ?? 'unknown'
      this.#former.set(identity.fingerprint256 ?? '', { identity, authority, removedAt: this.#now() })
    }
    for (const key of [...this.#former.keys()].slice(0, -MAX_FORMER)) this.#former.delete(key)
    const authorities = compareAuthorities(previous.authorities, snapshot.authorities)
    const changes = { added: added.map(String), removed: removed.map(String), authorities }
    this.#push({ ...this.#describe(snapshot), type: 'rotated', ...changes, message: undefined })
  }

  #refuse (error: Error, snapshot: CredentialSnapshot): void {
    const message = clip(error.message, 1000)
    const last = this.#turns.at(-1)
    const isSame = last?.type === 'refused' && last.message === message
    if (isSame) this.#turns.pop()
    this.#push({
      ...this.#describe(snapshot),
      count: isSame
        ? last.count + 1
        : 1,
      type: 'refused',
      ...NOTHING,
      message
    })
  }

  #push (turn: Turn): void {
    this.#turns.push(turn)
    if (this.#turns.length > MAX_TURNS) this.#turns.shift()
  }

  #describe (snapshot: CredentialSnapshot): Omit<Turn, 'type' | 'message' | keyof Changes> {
    const { generation, trustEpoch, identity: { fingerprint256, serialNumber }, notAfter } = snapshot
    return { time: this.#now(), count: 1, generation, trustEpoch, fingerprint256, serialNumber, notAfter }
  }
}

function without (some: readonly PeerIdentity[], others: readonly PeerIdentity[]): PeerIdentity[] {
  return some.filter(({ fingerprint256 }) => !others.some((other) => other.fingerprint256 === fingerprint256))
}
