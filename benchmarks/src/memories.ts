// A million clients: what a server remembers of each, how much memory that takes, and what it costs to decide about a
// client that is not remembered any more.
import { createForwardedReader } from '@peerkit/forwarded'
import type { ForwardedRequest } from '@peerkit/forwarded'
import { createPathValidator, createTrustEvaluator } from '@peerkit/trust'
import type { Comparison, Metric, Run, Series } from './benchmark.ts'
import { compare } from './compare.ts'
import { USUAL, write } from './forwarded-headers.ts'
import { makeAuthority } from './forge/authority.ts'
import {
  COMMON_NAME, ORGANIZATIONAL_UNIT, dnsName, extensionsOfLeaf, makeKeys, uri, writeCertificate, writeName
} from './forge/certificate.ts'
import { element } from './forge/der.ts'
import { readHeap } from './heap.ts'
import { SeriesBook } from './series-book.ts'

const GATEWAY = '127.0.0.1'
const LOOP = 500
/** More than are remembered by default. */
const FULL = 12_000
const METRICS: readonly Metric[] = [
  { key: 'bytes', title: 'bytes each' },
  { key: 'kept', title: 'remembered' },
  { key: 'megabytes', title: 'MiB of all', digits: 1 },
  { key: 'again', title: 'remembered, µs', digits: 2 },
  { key: 'first', title: 'not remembered, µs', digits: 1 }
]

const root = makeAuthority('Benchmark CA')
const intermediate = makeAuthority('Benchmark Issuing CA', root)
const stranger = makeAuthority('Nobody\'s CA')
const keys = makeKeys()
let minted = 0

type MakeNames = (index: number) => Buffer[]

const spiffeId: MakeNames = (index) => [uri(`spiffe://bench.example/ns/pay/sa/client-${index}`)]

/** One client's certificate. All have the same key, which saves most of the time. */
function mint (issuer = root, names: MakeNames = spiffeId): Buffer {
  minted += 1
  return writeCertificate({
    subject: writeName([ORGANIZATIONAL_UNIT, 'billing'], [COMMON_NAME, `client-${minted}`]),
    issuer: issuer.name,
    keys,
    signer: issuer.keys.signer,
    extensions: extensionsOfLeaf('client', keys, issuer.keys, names(minted))
  }).der
}

/** Decides about a client, and returns whether it is accepted. */
type Decide = (der: Buffer) => boolean

interface Kind {
  readonly mint: () => Buffer
  /** Starts without any client. `remembers` is undefined where nobody can ask. */
  readonly start: () => { readonly decide: Decide, readonly remembers?: Decide }
  /** Clients that are offered while memory is measured. Default {@link FULL}. */
  readonly offered?: number
  /** Whether they are refused. */
  readonly refused?: boolean
}

function evaluate (sent: readonly Buffer[] = []): ReturnType<Kind['start']> {
  const trust = createTrustEvaluator({ authorities: () => [{ name: 'internal', ca: [root.certificate.der] }] })
  return {
    decide (der) {
      const decision = trust.evaluate(new Uint8Array(der), { sent })
      return !(decision instanceof Promise) && decision.accepted
    },
    remembers: (der) => trust.remembers(der)
  }
}

function validate (): ReturnType<Kind['start']> {
  const validator = createPathValidator({ anchors: () => [root.certificate.der], generation: () => 1 })
  return {
    decide (der) {
      const verdict = validator.validate(der, [])
      return !(verdict instanceof Promise) && verdict.valid
    }
  }
}

/** @param inProcess whether the chain is validated, as behind a gateway that passes certificates on */
function forward (inProcess: boolean): ReturnType<Kind['start']> {
  const validator = createPathValidator({ anchors: () => [root.certificate.der], generation: () => 1, cacheSize: 0 })
  const format = inProcess ? 'aws-alb-passthrough' : 'nginx'
  const reader = createForwardedReader({
    format, gateways: { addresses: [GATEWAY] }, ...(inProcess && { validator })
  })
  return {
    decide (der) {
      const rawHeaders = [...USUAL, ...write[format]!(der, root.certificate.der)].map((text) => {
        // As a parser makes them: new strings, whose hashes V8 has not computed yet.
        return Buffer.from(text, 'latin1').toString('latin1')
      })
      const request: ForwardedRequest = { rawHeaders, sender: undefined, remoteAddress: GATEWAY }
      const result = reader.read(request)
      return !(result instanceof Promise) && result.state === 'accepted'
    }
  }
}

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const otherName = element(0xa0, Buffer.concat([
  element(0x06, Buffer.from([0x2a, 0x03])), element(0xa0, element(0x0c, Buffer.from('a')))
]))

const KINDS: Readonly<Record<string, Kind>> = {
  'direct client': { mint: () => mint(), start: () => evaluate() },
  'direct client of an intermediate': {
    mint: () => mint(intermediate), start: () => evaluate([intermediate.certificate.der])
  },
  'direct client of 1,000 DNS names (52 KB)': {
    mint: () => mint(root, (index) => many(1_000, (at) => dnsName(`host-${at}-${index}-`.padEnd(50, 'x')))),
    start: () => evaluate(),
    offered: 1_000
  },
  'direct client of 4,000 other names (48 KB)': {
    mint: () => mint(root, () => many(4_000, () => otherName)), start: () => evaluate(), offered: 100
  },
  'chain for a validator of its own': { mint: () => mint(), start: () => validate() },
  'chain that it refuses': { mint: () => mint(stranger), start: () => validate(), refused: true },
  'forwarded client (nginx)': { mint: () => mint(), start: () => forward(false) },
  'forwarded client, validated in process': { mint: () => mint(), start: () => forward(true) },
  'forwarded client that is refused': { mint: () => mint(stranger), start: () => forward(true), refused: true }
}

export const run: Run = async ({ quick, rounds }) => {
  return [await compareKinds(quick, Math.min(rounds, 3)), measureTurns(quick, rounds)]
}

async function compareKinds (quick: boolean, rounds: number): Promise<Comparison> {
  const contenders = Object.entries(KINDS).map(([name, kind]) => {
    const offered = quick ? 40 : kind.offered ?? FULL
    const ders = many(offered, kind.mint)
    return {
      name,
      measure: async () => {
        decideAll(kind, kind.start().decide, ders.slice(0, Math.min(offered, 200)), name)
        const before = await readHeap()
        const { decide, remembers } = kind.start()
        const first = decideAll(kind, decide, ders, name)
        const bytes = Math.max(0, await readHeap() - before)
        const kept = remembers === undefined ? NaN : ders.filter(remembers).length
        // Few enough that they are remembered, and enough that a garbage collection among them matters little.
        const last = ders.slice(-(offered >> 2))
        const again = decideAll(kind, decide, last, name)
        return {
          bytes: bytes / (Number.isNaN(kept) ? Math.min(offered, 10_000) : Math.max(kept, 1)),
          kept,
          megabytes: bytes / 2 ** 20,
          again,
          first
        }
      }
    }
  })
  return await compare('What is remembered of a client', METRICS, contenders, rounds, [
    '12,000 clients come once each (1,000 and 100 of the large ones). Some of them are left: *remembered*.',
    'Where that cannot be asked, the bytes are those of all, divided by 10,000: the default of `cacheSize`.'
  ])
}

/** What a decision costs if so many clients come in turn. Few of a million come twice in one measurement. */
function measureTurns (quick: boolean, rounds: number): Series {
  const book = new SeriesBook()
  const sizes = quick ? [1, 100] : [1, 100, 5_000, 100_000, 1_000_000]
  for (const name of ['direct client', 'forwarded client (nginx)', 'forwarded client, validated in process']) {
    const kind = KINDS[name]!
    for (const size of sizes) {
      const { decide } = kind.start()
      const known = many(Math.min(size, quick ? 100 : FULL), kind.mint)
      decideAll(kind, decide, known, name)
      for (let round = 0; round < rounds; round += 1) {
        // Of more clients than were minted, those beyond are new ones: nobody remembers them either.
        const turn = many(LOOP, () => {
          const index = Math.floor(Math.random() * size)
          return known[index] ?? kind.mint()
        })
        book.add(name, size, decideAll(kind, decide, turn, name))
      }
    }
  }
  return book.write({ id: 'turns', title: 'Deciding about a client', size: 'clients, in turn', unit: 'µs', digits: 2 })
}

/** Microseconds a client. */
function decideAll ({ refused = false }: Kind, decide: Decide, ders: readonly Buffer[], name: string): number {
  const start = performance.now()
  for (const der of ders) if (decide(der) === refused) throw new Error(`${name}: decided wrongly`)
  return (performance.now() - start) / ders.length * 1_000
}
