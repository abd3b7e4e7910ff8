// What an ACME server answers, from the directory to the certificate.
import { generateKeyPairSync } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedMaterial, IssueQuestion } from '@peerkit/credentials'
import { acmeIssuer } from '@peerkit/issuers/acme'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'
import { ScriptedServer, WouldWait, converse, readScript } from './support/conversation.ts'
import type { Script } from './support/conversation.ts'

const ORIGIN = 'https://acme.example'
const now = Date.parse('2026-11-29T00:00:00Z')
const makeKey = (): IssueQuestion['privateKey'] => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [account, key] = [makeKey(), makeKey()]
const ca = await createDevCa()
const { chain } = await (await ca.intermediate()).issue({ dns: ['ledger.example'], profile: 'server' })
const headers = { 'replay-nonce': 'bm9uY2U', location: `${ORIGIN}/order/1` }
const challenge = { type: 'dns-01', token: 'a'.repeat(32), status: 'pending', url: `${ORIGIN}/challenge/1` }
const order = { status: 'pending', authorizations: [`${ORIGIN}/authorization/1`], finalize: `${ORIGIN}/finalize/1`, identifiers: [{ type: 'dns', value: 'ledger.example' }] }
const proved = { status: 'valid', identifier: { type: 'dns', value: 'ledger.example' }, challenges: [challenge] }
const problem = { type: 'urn:ietf:params:acme:error:rejectedIdentifier', detail: 'no', subproblems: [{ type: 'urn:ietf:params:acme:error:caa', detail: 'no', identifier: { type: 'dns', value: 'a.example' } }] }

const honest: Script = {
  directory: [{
    body: {
      newNonce: `${ORIGIN}/nonce`, newAccount: `${ORIGIN}/account`, newOrder: `${ORIGIN}/new-order`, renewalInfo: `${ORIGIN}/renewal-info`, meta: { termsOfService: 'https://acme.example/terms', externalAccountRequired: false, profiles: { shortlived: 'x' } }
    }
  }],
  nonce: [{ headers }],
  account: [{ status: 201, headers: { ...headers, location: `${ORIGIN}/account/1` }, body: { status: 'valid', contact: [] } }],
  'new-order': [{ status: 201, headers, body: order }],
  authorization: [{ headers, body: { ...proved, status: 'pending' } }, { headers, body: proved }],
  challenge: [{ headers, body: { ...challenge, status: 'processing' } }],
  order: [{ headers, body: { ...order, status: 'ready' } }],
  finalize: [{ headers, body: { ...order, status: 'valid', certificate: `${ORIGIN}/certificate/1` } }],
  certificate: [{ headers, body: chain }],
  'renewal-info': [{ headers: { 'retry-after': '21600' }, body: { suggestedWindow: { start: '2026-12-10T00:00:00Z', end: '2026-12-12T00:00:00Z' } } }]
}
const seeds: readonly Script[] = [
  honest,
  { ...honest, 'new-order': [{ status: 201, headers, body: { ...order, status: 'ready' } }] },
  { ...honest, 'new-order': [{ status: 403, headers, body: problem }] },
  { ...honest, order: [{ headers, body: { ...order, status: 'invalid', error: problem } }] },
  { ...honest, authorization: [honest['authorization']![0]!, { headers, body: { ...proved, status: 'invalid', challenges: [{ ...challenge, error: problem }] } }] },
  { ...honest, account: [{ status: 400, headers, body: { type: 'urn:ietf:params:acme:error:badNonce', detail: 'again' } }, honest['account']![0]!] },
  { ...honest, finalize: [{ headers, body: { ...order, status: 'processing' } }], 'renewal-info': [{ status: 404, body: 'not found' }] }
]

export const acme: Format = {
  name: 'acme',
  seeds: seeds.map((script) => textInput(JSON.stringify(script))),
  mutate: mutateJson,
  async read (input) {
    const server = new ScriptedServer(readScript(input), ORIGIN, (path) => path.split('/')[1] ?? '')
    const issuer = acmeIssuer({
      directory: `${ORIGIN}/directory`,
      names: { dns: ['ledger.example'] },
      account: { key: account as never, termsOfServiceAgreed: true },
      challenges: { dns01: { set () {}, remove () {} } },
      agent: server,
      clock: () => now,
      random: () => 0.5
    })
    return await converse(server, async (signal) => {
      return await issuer.issue({ publicKey: '', privateKey: key, signal, previous: undefined })
    })
  },
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_ISSUER') || error instanceof WouldWait,
  check ({ cert, renewAt }: IssuedMaterial) {
    if (typeof cert !== 'string' || !cert.includes('-----BEGIN CERTIFICATE-----')) return 'an answer without PEM'
    return renewAt === undefined || Number.isSafeInteger(renewAt) ? undefined : `renewAt is ${renewAt}`
  },
  label: ({ renewAt }: IssuedMaterial) => renewAt === undefined ? 'issued' : 'issued, with a time of renewal'
}
