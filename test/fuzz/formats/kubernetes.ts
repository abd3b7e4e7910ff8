// What the API server of Kubernetes answers about a CertificateSigningRequest.
import { createDevCa } from '@peerkit/dev-ca'
import { readSigningRequest } from '../../../packages/issuers/src/kubernetes/signing-request.ts'
import type { SigningRequest } from '../../../packages/issuers/src/kubernetes/signing-request.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'
import { readScript } from './support/conversation.ts'

const { chain } = await (await createDevCa()).issue({ cn: 'pod' })
const metadata = { name: 'ledger-abc', uid: '0a1b2c3d' }
const condition = { type: 'Approved', status: 'True', reason: 'Auto', message: 'approved' }
const base64 = Buffer.from(chain).toString('base64')

export const kubernetes: Format = {
  name: 'kubernetes',
  seeds: [
    { metadata }, { metadata, status: { conditions: [condition] } }, { metadata, status: { conditions: [condition], certificate: base64 } },
    { metadata, status: { conditions: [{ ...condition, type: 'Denied', message: 'no' }] } }, { metadata, status: { conditions: [{ type: 'Failed' }, null] } }
  ].map((found) => textInput(JSON.stringify(found))),
  mutate: mutateJson,
  read: (input) => readSigningRequest(readScript(input) as Record<string, unknown>, 'Kubernetes https://a.example'),
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_ISSUER'),
  label: ({ refusal, chain: signed, isApproved }: SigningRequest) => refusal?.type ?? (signed !== undefined ? 'signed' : isApproved ? 'approved' : 'waiting'),
  maxSteps: (octets) => 2_000 + 10 * octets
}
