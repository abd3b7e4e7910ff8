import { basename } from 'node:path'
import { listen } from '@peerkit/events'
import type { RulesRefusedMessage, RulesReloadedMessage, RevocationFailedMessage } from '@peerkit/events'
import { clip, iso } from '@peerkit/identity/internal'
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
    const { crl, rules } = this.#kept
    const all = [...describeTurns(this.#rotations.list()), ...crl.toReversed(), ...rules.toReversed()]
    return all.sort((a, b) => b.time - a.time)
  }

  #compareCrls (time: number): void {
    const difference = this.#crls.compare()
    if (difference === undefined) return
    const title = 'CRLs replaced'
    this.#add({ ...difference, kind: 'crl', outcome: 'changed', time, count: 1, title, message: undefined })
  }

  #crlFailed ({ source, time, issuer, url, message }: RevocationFailedMessage): void {
    if (source !== 'crl') return
    const of = clip(issuer ?? url)
    this.#refused('crl', { time, title: of === undefined ? 'CRL' : `CRL of ${of}`, message }, of)
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
      title: `Rules file ${nameFile(file)}, generation ${generation}`,
      message: undefined,
      came: came as readonly string[],
      went: went as readonly string[],
      notes: [],
      names: [],
      more: Math.max(0, addedCount - MAX_LINES) + Math.max(0, removedCount - MAX_LINES)
    })
  }

  #rulesRefused ({ time, file, error }: RulesRefusedMessage): void {
    this.#refused('rules', { time, title: `Rules file ${nameFile(file)}`, message: error.message })
  }

  #refused (kind: 'crl' | 'rules', refusal: Pick<TrustChange, 'time' | 'title' | 'message'>, name?: string): void {
    const { time, title } = refusal
    const message = clip(refusal.message, 1000)
    const kept = this.#kept[kind]
    const last = kept.at(-1)
    const isSame = last?.outcome === 'refused' && last.title === title && last.message === message
    if (isSame) kept.pop()
    const count = isSame ? last.count + 1 : 1
    const names = name === undefined ? [] : [name]
    this.#add({ ...NO_DIFFERENCE, names, kind, outcome: 'refused', time, count, title, message })
  }

  #add (change: TrustChange & { readonly kind: 'crl' | 'rules' }): void {
    const kept = this.#kept[change.kind]
    kept.push(change)
    if (kept.length > MAX_CHANGES) kept.shift()
  }
}

/** The last part of a path: an app has one rules file. */
function nameFile (path: string): string { return clip(basename(path)) }

/** @param turns the newest first */
function describeTurns (turns: readonly Turn[]): TrustChange[] {
  // A refused turn has the credentials that stay in force, so the next one is always what was before.
  return turns.map((turn, index) => describeTurn(turn, turns[index + 1]))
}

function describeTurn (turn: Turn, before: Turn | undefined): TrustChange {
  const { type, time, count, generation, trustEpoch, added, removed, authorities, message } = turn
  const isRenewed = before !== undefined && before.fingerprint256 !== turn.fingerprint256
  const came = [...(isRenewed || type === 'start' ? describeOwn(turn) : []), ...added.map(describeCa)]
  const went = [...(isRenewed ? describeOwn(before) : []), ...removed.map(describeCa)]
  return {
    kind: 'rotation',
    outcome: type === 'rotated' ? 'changed' : type,
    time,
    count,
    title: `Credentials, generation ${generation}, trust epoch ${trustEpoch}`,
    message,
    came: came.slice(0, MAX_LINES),
    went: went.slice(0, MAX_LINES),
    notes: came.length + went.length + authorities.length === 0 && type === 'rotated'
      ? ['the own certificate and the trusted CAs are the same as before']
      : authorities,
    names: [...added, ...removed].map((name) => name.replace(/ \(sha256:[0-9a-f]{16}\).*$/s, '')),
    more: Math.max(0, came.length - MAX_LINES) + Math.max(0, went.length - MAX_LINES)
  }
}

function describeCa (name: string): string { return `trusted CA ${name}` }

function describeOwn ({ serialNumber, notAfter }: Turn): readonly string[] {
  return serialNumber === undefined
    ? []
    : [`own certificate, serial number ${serialNumber}, first expiry of its chain ${iso(notAfter)}`]
}
