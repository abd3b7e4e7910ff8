// What a handshake costs whose key is in a token of SoftHSM2, compared with the same kind of key in memory. A token in
// hardware takes longer: its own time is added to that of the engine.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { TLSSocket, connect, createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { memoryCredentials, openPkcs11Key, secureContextOptions } from '@peerkit/credentials'
import type { CredentialMaterial } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { Tokens } from '../../test/interop/softhsm/token.ts'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'

const MODULE = '/usr/lib/softhsm/libsofthsm2.so'
const PIN = '1234'
const HANDSHAKES = 300
const METRICS: readonly Metric[] = [
  { key: 'cpu', title: 'ms of CPU time for each handshake, both ends', digits: 3, ratio: true }
]

export const run: Run = async ({ quick, rounds }) => {
  const folder = await mkdtemp(join(tmpdir(), 'hardware-keys-'))
  const ca = await createDevCa({ name: 'Benchmark CA' })
  const tokens = await Tokens.create(folder, MODULE, ca)
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf')
  tokens.addToken('bench', PIN)
  try {
    const kinds = [['EC on P-256', 'EC:prime256v1', 'ec-p256'], ['RSA of 2048 bits', 'rsa:2048', 'rsa-2048']] as const
    const sections: Comparison[] = []
    for (const [name, inToken, inMemory] of kinds) {
      const issued = await ca.issue({ cn: 'server', dns: 'localhost', key: inMemory })
      const { id, publicKey } = await tokens.addKey('bench', PIN, 'key', inToken)
      const cert = await tokens.certify(publicKey, 'server')
      const given = { pkcs11: `pkcs11:token=bench;id=%${id}`, module: MODULE, pin: () => PIN }
      const material: ReadonlyArray<readonly [string, CredentialMaterial]> = [
        ['key in memory', { cert: issued.chain, key: issued.key, ca: ca.root }],
        ['key in memory, again (noise)', { cert: issued.chain, key: issued.key, ca: ca.root }],
        ['key in a token of SoftHSM2', { cert, key: await openPkcs11Key(given, cert), ca: ca.root }]
      ]
      const contenders = material.map(([title, own]) => {
        const context = createSecureContext(secureContextOptions(memoryCredentials(own).current))
        return { name: title, measure: async () => await measure(context, quick ? 5 : HANDSHAKES) }
      })
      sections.push(await compare(`Full handshakes with TLS 1.3, ${name}`, METRICS, contenders, rounds, [
        'In one process, without a network. SoftHSM2 signs in that process, with OpenSSL: what is added is the ' +
          'engine and PKCS#11 alone. A token in hardware adds its own time, during which the process waits.'
      ]))
    }
    return sections
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure (context: SecureContext, handshakes: number): Promise<Record<string, number>> {
  const client = createSecureContext({ ca: [] })
  await shake(context, client)
  const before = process.cpuUsage()
  for (let count = 0; count < handshakes; count += 1) await shake(context, client)
  const { user, system } = process.cpuUsage(before)
  return { cpu: (user + system) / 1_000 / handshakes }
}

async function shake (context: SecureContext, secureContext: SecureContext): Promise<void> {
  const [ours, theirs] = duplexPair()
  const server = new TLSSocket(ours, { isServer: true, secureContext: context })
  const client = connect({ socket: theirs, rejectUnauthorized: false, secureContext })
  await new Promise<void>((resolve, reject) => {
    client.once('secureConnect', resolve).once('error', reject)
    server.once('error', reject)
  })
  client.destroy()
  server.destroy()
}
