// What OpenBao or Vault answers, from the login to the certificate.
import { generateKeyPairSync } from 'node:crypto'
import type { IssuedMaterial } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { vaultIssuer } from '@peerkit/issuers/vault'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'
import { ScriptedServer, WouldWait, converse, readScript } from './support/conversation.ts'
import type { Reply, Script } from './support/conversation.ts'

const ORIGIN = 'https://bao.example:8200'
const now = Date.parse('2026-11-29T00:00:00Z')
const SECRET_ID = 'c0ffee00-secret-id'
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }) as string
const ca = await createDevCa({ name: 'Mount CA' })
const issuing = await ca.intermediate()
const issued = await issuing.issue({ cn: 'ledger.example', dns: ['ledger.example'], uri: ['spiffe://td.example/a'], ip: ['2001:db8::1'] })
const data = (value: object, more: object = {}): Reply => ({ body: { data: value, warnings: null, auth: null, ...more } })
const ID = '0'.repeat(32)

const honest: Script = {
  'auth/approle/login': [{ body: { data: null, auth: { client_token: 's.token', lease_duration: 3600, renewable: true } } }],
  'pki/roles/ledger': [data({
    allow_any_name: false,
    allowed_domains: ['ledger.example'],
    allow_bare_domains: true,
    allowed_uri_sans: ['spiffe://td.example/*'],
    allow_ip_sans: true,
    key_type: 'ec',
    key_bits: 256,
    max_ttl: 3600,
    require_cn: true,
    server_flag: true,
    client_flag: true,
    ext_key_usage: [],
    generate_lease: false,
    no_store: false
  })],
  'pki/issuers': [data({ keys: [ID], key_info: { [ID]: { key_id: 'key', issuer_name: 'a' } } })],
  [`pki/issuer/${ID}/json`]: [data({ certificate: ca.root, ca_chain: [ca.root] })],
  'pki/issue/ledger': [data({ certificate: issued.cert, private_key: issued.key, ca_chain: [issuing.certificate, ca.root], issuing_ca: issuing.certificate, serial_number: '01' }, { warnings: ['a warning'] })],
  'sys/capabilities-self': [data({ 'pki/issue/ledger': ['update'] })]
}
const denied: Reply = { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }
const seeds: readonly Script[] = [
  honest, { ...honest, 'pki/roles/ledger': [denied] }, { ...honest, 'pki/issue/ledger': [denied] },
  { ...honest, 'pki/issue/ledger': [denied, honest['pki/issue/ledger']![0]!] },
  { ...honest, 'auth/approle/login': [{ status: 400, headers: { 'retry-after': '10' }, body: { errors: ['invalid role or secret ID'] } }] },
  { ...honest, 'pki/issuers': [{ status: 307, headers: { location: 'https://active.example/v1' }, body: '' }] },
  { ...honest, 'pki/roles/ledger': [data({ allow_any_name: true, key_type: 'rsa', key_bits: 2048, ext_key_usage: ['ServerAuth'], client_flag: false })] }
]

export const vault: Format = {
  name: 'vault',
  seeds: seeds.map((script) => textInput(JSON.stringify(script))),
  mutate: mutateJson,
  async read (input) {
    const server = new ScriptedServer(readScript(input), ORIGIN, (path) => path.replace(/^\/v1\//, '').split('?')[0] ?? '')
    const warnings: string[] = []
    const issuer = vaultIssuer({
      url: ORIGIN,
      agent: server,
      role: 'ledger',
      mode: 'issue',
      use: 'both',
      ttl: 7_200_000,
      names: { cn: 'ledger.example', dns: ['ledger.example'], uri: ['spiffe://td.example/a'], ip: ['2001:db8::1'] },
      auth: { appRole: { roleId: 'role-id', secretId: SECRET_ID } },
      clock: { now: () => now, schedule: () => () => {} },
      onWarning: (text) => { warnings.push(text) }
    })
    try {
      const answer = await converse(server, async (signal) => {
        return await issuer.issue({ publicKey, privateKey: keys.privateKey, signal, previous: undefined })
      })
      return { answer, warnings }
    } finally {
      await issuer.close()
    }
  },
  // A secret that came back in an answer is not shown.
  isDocumented: (error) => (hasCode(error, 'MTLS_ERR_ISSUER') || error instanceof WouldWait) && !String(error).includes(SECRET_ID),
  check ({ answer: { cert, key, ca } }: { readonly answer: IssuedMaterial }) {
    if (![cert].flat().every((pem) => String(pem).startsWith('-----BEGIN CERTIFICATE-----'))) return 'an answer without PEM'
    if (typeof key !== 'string' || key === '') return 'an answer without a key'
    return Array.isArray(ca) && ca.length > 0 ? undefined : 'an answer that trusts nobody'
  },
  label: ({ warnings }: { readonly warnings: readonly string[] }) => `issued, ${Math.min(warnings.length, 3)} warnings`
}
