import { listen } from '@peerkit/events'
import type { RulesRefusedMessage, RulesReloadedMessage, RevocationFailedMessage } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'
import { CrlHistory } from './crl-history.ts'
import type { CrlHolders } from './crls.ts'
import { MAX_LINES, NO_DIFFERENCE } from './difference.ts'
import type { Difference } from './difference.ts'
import type { RotationHistory, Turn } from './rotation-history.ts'
import type { ClientBook } from '../collect/client-book.ts'
import type { CredentialSource } from '@peerkit/credentials'

/** What changed. */
export const CHANGE_KINDS = { rotation: 'Rotations', crl: 'CRLs', rules: 'Rules' } as const
export type ChangeKind = keyof typeof CHANGE_KINDS

/** A change of whom this service trusts, and for what. */
export interface TrustChange extends Difference {
  readonly kind: ChangeKind
  /** `refused`: the change did not come into force. */
  readonly outcome: 'start' | 'changed' | 'refused'
  /** Milliseconds since the epoch. For several equal refusals in a row: the last one. */
  readonly time: number
  readonly count: number
  readonly title: string
  /** Why it was refused. */
  readonly message: string | undefined
}

export interface TimelineOptions extends CrlHolders {
  readonly credentials: Pick<CredentialSource, 'current' | 'subscribe'>
  readonly rotations: Pick<RotationHistory, 'list'>
  readonly clients: Pick<ClientBook, 'list'>
  readonly server: object
  readonly now: () => number
}

/** The changes of each kind that are kept. Rotations are kept by their history. */
const MAX_CHANGES = 100

/** Records the changes of trust: rotations, CRLs and rules. */
export class Timeline {
  readonly #rotations: TimelineOptions['rotations']
  readonly #kept: Readonly<Record<'crl' | 'rules', TrustChange[]>> = { crl: [], rules: [] }
  readonly #crls: CrlHistory
  readonly #stop: () => void

  constructor ({ credentials, revocation, rotations, clients, server, now }: TimelineOptions) {
    this.#rotations = rotations
    this.#crls = new CrlHistory({ credentials, revocation }, () => clients.list())
    const leave = credentials.subscribe(({ type }) => { if (type === 'rotated') this.#compareCrls(now()) })
    const stop = listen({
      'peerkit:revocation:refreshed': ({ source, time }) => { if (source === 'crl') this.#compareCrls(time) },
      'peerkit:revocation:failed': (message) => { this.#crlFailed(message) },
      'peerkit:rules:reloaded': (message) => { this.#rulesReloaded(message) },
      'peerkit:rules:refused': (message) => { this.#rulesRefused(message) }
      // The collector counts what cannot be read.
    }, { onError: () => {}, server })
    this.#stop = () => {
      leave()
      stop()
    }
  }

  close (): void { this.#stop() }

  /** The newest first. */
  list (): TrustChange[] {
    const all = [...this.#rotations.list().map(describeTurn), ...this.#kept.crl.toReversed(), ...this.#kept.rules.toReversed()]
    return all.sort((a, b) => b.time - a.time)
  }

  #compareCrls (time: number): void {
    const difference = this.#crls.compare()
    if (difference === undefined) return
    this.#add({ ...difference, kind: 'crl', outcome: 'changed', time, count: 1, title: 'CRLs', message: undefined })
  }

  #crlFailed ({ source, time, issuer, url, message }: RevocationFailedMessage): void {
    if (source !== 'crl') return
    const of = clip(issuer ?? url)
    this.#refused('crl', time, of === undefined ? 'CRL' : `CRL of ${of}`, clip(message, 1000))
  }

  #rulesReloaded (message: RulesReloadedMessage): void {
    const { time, file, generation, added = [], removed = [], addedCount = added.length } = message
    const { removedCount = removed.length } = message
    const [came, went] = [added, removed].map((rules) => rules.slice(0, MAX_LINES).map((rule) => clip(rule)))
    this.#add({
      kind: 'rules',
      outcome: 'changed',
      time,
      count: 1,
      title: `Rules file ${clip(file)}, generation ${generation}`,
      message: undefined,
      came: came as readonly string[],
      went: went as readonly string[],
      notes: [],
      more: Math.max(0, addedCount - MAX_LINES) + Math.max(0, removedCount - MAX_LINES)
    })
  }

  #rulesRefused ({ time, file, error }: RulesRefusedMessage): void {
    this.#refused('rules', time, `Rules file ${clip(file)}`, clip(error.message, 1000))
  }

  #refused (kind: 'crl' | 'rules', time: number, title: string, message: string | undefined): void {
    const kept = this.#kept[kind]
    const last = kept.at(-1)
    const isSame = last?.outcome === 'refused' && last.title === title && last.message === message
    if (isSame) kept.pop()
    const count = isSame ? last.count + 1 : 1
    this.#add({ ...NO_DIFFERENCE, kind, outcome: 'refused', time, count, title, message })
  }

  #add (change: TrustChange & { readonly kind: 'crl' | 'rules' }): void {
    const kept = this.#kept[change.kind]
    kept.push(change)
    if (kept.length > MAX_CHANGES) kept.shift()
  }
}

function describeTurn (turn: Turn): TrustChange {
  const { type, time, count, generation, trustEpoch, serialNumber, added, removed, authorities, message } = turn
  const number = serialNumber === undefined ? [] : [`the own certificate in force has the serial number ${serialNumber}`]
  return {
    kind: 'rotation',
    outcome: type === 'rotated' ? 'changed' : type,
    time,
    count,
    title: `Credentials, generation ${generation}, trust epoch ${trustEpoch}`,
    message,
    came: added.slice(0, MAX_LINES).map((name) => `trusted CA ${name}`),
    went: removed.slice(0, MAX_LINES).map((name) => `trusted CA ${name}`),
    notes: [...authorities, ...number],
    more: Math.max(0, added.length - MAX_LINES) + Math.max(0, removed.length - MAX_LINES)
  }
}
