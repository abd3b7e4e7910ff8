import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AuthorityMaterial } from '@peerkit/credentials'
import { blockMemory } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { test } from 'tap'
import { startBehind, told } from './support/gateway.ts'
import { resign } from '@peerkit/test-support/certificates'
import { call, startWorld } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

const BOTH = ['alt-names', 'serial-number'] as const
const SAN = '2.5.29.17'
const mail = (text: string): Uint8Array => Buffer.from([0x81, text.length, ...Buffer.from(text, 'latin1')])
const names = (...all: readonly Uint8Array[]): { oid: string, value: Uint8Array } => {
  const content = Buffer.concat(all)
  return { oid: SAN, value: Buffer.from([0x30, content.length, ...content]) }
}

const setup = (app: any): void => {
  app.get('/who', async ({ peer }: any) => ({
    cn: peer.commonName, serial: peer.serialNumber, unknown: peer.subjectAltNames.unknown, tolerated: peer.tolerated
  }))
}

interface Flawed extends World { readonly lines: any[], readonly identified: any[] }

async function start (t: any, authority: Partial<AuthorityMaterial>, options: WorldOptions = {}): Promise<Flawed> {
  const ca = options.ca ?? await createDevCa()
  const [lines, identified]: [any[], any[]] = [[], []]
  const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
  const listen = (message: unknown): void => { identified.push(message) }
  subscribe('peerkit:connection:identified', listen)
  t.teardown(() => { unsubscribe('peerkit:connection:identified', listen) })
  const world = await startWorld(t, {
    setup,
    fastify: { logger: { level: 'warn', stream } },
    ...options,
    ca,
    material: { ca: undefined, authorities: { internal: { ca: ca.root, ...authority } } }
  })
  return { ...world, lines, identified }
}

const juergen = (ca: DevCa): Promise<IssuedCertificate> =>
  ca.issue({ cn: 'juergen', extensions: [names(mail('j\xfcrgen@example.org'))] })

/** A certificate with the serial number that has these octets, which are those of -(0x7f…) in two's complement. */
async function negative (ca: DevCa, cn = 'negative'): Promise<IssuedCertificate> {
  const digits = '7f0102030405060708090a0b0c0d0e0f'
  const issued = await ca.issue({ cn, serialNumber: digits })
  return resign(ca, issued, Buffer.from(digits, 'hex'), Buffer.from(`ff00${digits.slice(4)}`, 'hex'))
}

test('an odd alternative name is refused, and let in by the authority that tolerates it, and told once', async (t) => {
  const ca = await createDevCa()
  const strict = await start(t, {}, { ca })
  const odd = await juergen(ca)
  await t.rejects(call(strict, odd))
  t.match(strict.refusals, [{ reason: 'unreadable' }])
  const world = await start(t, { tolerate: BOTH }, { ca })
  for (let i = 0; i < 2; i++) {
    t.match(await call(world, odd, { path: '/who' }), {
      status: 200, body: { cn: 'juergen', unknown: ['email'], tolerated: ['alt-names'] }
    })
  }
  t.match(await call(world, await ca.issue({ cn: 'x', extensions: [names()] }), { path: '/who' }), {
    status: 200, body: { unknown: [], tolerated: ['alt-names'] }
  })
  t.match(await call(world, world.client, { path: '/who' }), { status: 200, body: { tolerated: [] } })
  t.match(world.lines.filter(({ tolerated }) => tolerated !== undefined), [
    { authority: 'internal', tolerated: ['alt-names'], msg: /has flaws that tolerate of its authority accepts/ },
    { tolerated: ['alt-names'] }
  ])
  t.equal(world.lines.filter(({ tolerated }) => tolerated !== undefined).length, 2, 'once a client')
  t.same(world.identified.map(({ tolerated }) => tolerated), [['alt-names'], ['alt-names'], ['alt-names'], undefined])
})

test('a negative serial number can be blocked, and is another than the positive of its digits', async (t) => {
  const ca = await createDevCa()
  const block = blockMemory([])
  const world = await start(t, { tolerate: ['serial-number'] }, { ca, settings: { block } })
  const odd = await negative(ca)
  const answer = await call(world, odd, { path: '/who' })
  t.match(answer, { status: 200, body: { serial: /^-[0-9a-f]{30}$/, tolerated: ['serial-number'] } })
  const { serial } = answer.body as { serial: string }
  const issuer = 'CN=Peerkit development CA,O=Peerkit development CA\\, not for production'
  block.update([{ issuer, serialNumber: serial.slice(1) }])
  t.match(await call(world, odd), { status: 200 })
  block.update([{ issuer, serialNumber: serial }])
  await t.rejects(call(world, odd))
  t.equal(world.refusals.at(-1).reason, 'blocked')
})

test('a block of a mail address blocks a certificate with an address that cannot be read', async (t) => {
  const ca = await createDevCa()
  const block = blockMemory([{ dns: 'x.example' }])
  const world = await start(t, { tolerate: BOTH }, { ca, settings: { block } })
  const odd = await juergen(ca)
  t.match(await call(world, odd), { status: 200 })
  block.update([{ email: 'eve@example.org' }])
  await t.rejects(call(world, odd))
  t.equal(world.refusals.at(-1).reason, 'blocked')
  t.match(await call(world, world.client), { status: 200 })
})

test('behind a gateway the answers are the same, also where the gateway has verified the chain', async (t) => {
  const ca = await createDevCa()
  for (const tolerate of [[], BOTH]) {
    for (const forwarded of [{ verification: 'gateway' }, { verification: 'in-process' }] as const) {
      const lines: any[] = []
      const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
      const world = await startBehind(t, forwarded as never, {
        ca,
        setup,
        fastify: { logger: { level: 'warn', stream } },
        material: { ca: undefined, authorities: { internal: { ca: ca.root, tolerate } } }
      })
      for (const [client, flaw] of [[await juergen(ca), 'alt-names'], [await negative(ca), 'serial-number']] as const) {
        const answer = await call(world, world.gateway, { path: '/who', headers: told(client) })
        const isTolerated = tolerate.length > 0
        t.match(answer, isTolerated ? { status: 200, body: { tolerated: [flaw] } } : { status: 401 })
        const own = lines.filter(({ tolerated }) => tolerated?.[0] === flaw)
        t.equal(own.length, isTolerated ? 1 : 0)
      }
    }
  }
})
