import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import type { Accepted } from '@peerkit/trust'
import { UpgradedSockets } from '@peerkit/identity/internal'
import { createRecord } from '../../src/connection/connection-record.ts'
import type { ConnectionRecord } from '../../src/connection/connection-record.ts'
import { ConnectionWatch } from '../../src/connection/connection-watch.ts'
import type { CertificateRefusal } from '../../src/connection/connection-record.ts'
import { Trust } from '../../src/handshake/trust.ts'

type Answer = (certificate: {
  readonly subject?: { readonly commonName?: string | undefined } | undefined
}) => RevocationStatus | Promise<RevocationStatus>

export const GOOD: RevocationStatus = { state: 'good', source: 'ocsp', until: Infinity }
/** What the watch of a test is set to, in milliseconds. */
export const DRAIN_TIMEOUT = 1_000
export const JUDGEMENT_TIMEOUT = 5_000

export const REVOKED: RevocationStatus = { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: 1 }

/** An answer about revocation that comes when the test gives it. */
export function lateAnswer (): { readonly answer: () => Promise<RevocationStatus>, readonly give: (status: RevocationStatus) => void } {
  const { promise, resolve } = Promise.withResolvers<RevocationStatus>()
  return { answer: async () => await promise, give: resolve }
}

/** A checker that a test answers for. */
export interface StubChecker extends RevocationChecker {
  epoch: number
  answer: Answer
  permit: (status: RevocationStatus) => boolean
  /** Common names, in the order in which they were asked about. */
  readonly asked: string[]
}

export function stubChecker (answer: Answer): StubChecker {
  const checker: StubChecker = {
    epoch: 1,
    answer,
    permit: ({ state }) => state === 'good',
    asked: [],
    check (certificate) {
      checker.asked.push(certificate.subject?.commonName ?? '')
      return checker.answer(certificate)
    },
    permits: (status) => checker.permit(status),
    subscribe: () => () => {},
    close: async () => {}
  }
  return checker
}

export interface Watched {
  readonly ca: DevCa
  readonly credentials: MemoryCredentials
  readonly checker: StubChecker
  readonly trust: Trust
  readonly watch: ConnectionWatch
  readonly ended: Array<{ readonly record: ConnectionRecord; readonly refusal: CertificateRefusal }>
  /** A connection that was let in, over a socket that only closes. */
  open(client: IssuedCertificate, sent?: readonly Uint8Array[]): Promise<ConnectionRecord>
  /** Moves the revocation data: from now on the checker answers so. */
  move(answer: Answer): void
}

/** A watch over connections without a network, with a real evaluator, a checker that the test answers for, and its clock. */
export async function startWatch ({
  first = GOOD,
  now = Date.now,
  ca: given
}: { readonly first?: RevocationStatus; readonly now?: () => number; readonly ca?: DevCa } = {}): Promise<Watched> {
  const ca = given ?? (await createDevCa())
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  const checker = stubChecker(() => first)
  const trust = new Trust(credentials, { revocation: checker, algorithms: undefined, block: undefined, now, onLearned: () => {} })
  const ended: Watched['ended'] = []
  const watch = new ConnectionWatch({
    sockets: new UpgradedSockets(),
    trust,
    drainTimeout: DRAIN_TIMEOUT,
    revocationTimeout: JUDGEMENT_TIMEOUT,
    onEnded: (record, refusal) => {
      ended.push({ record, refusal })
    }
  })
  return {
    ca,
    credentials,
    checker,
    trust,
    watch,
    ended,
    async open ({ der }, sent = []) {
      const presented = { leaf: der, sent, resumed: false }
      const decision = (await trust.evaluate(der, presented)) as Accepted
      if (!decision.accepted) throw new Error('refused from the start')
      const record = createRecord(fakeSocket(), { decision, presented })
      watch.follow(record)
      return record
    },
    move (answer) {
      checker.answer = answer
      checker.epoch += 1
    }
  }
}

/** Closes when it is destroyed, and that is all. */
export function fakeSocket (): TLSSocket {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: '127.0.0.1',
    destroy: () => {
      socket.emit('close')
    }
  })
  return socket as unknown as TLSSocket
}

/** Lets promises and immediates that are due have their turn. */
export async function turn (): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
