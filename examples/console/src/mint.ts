import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'

export const TRUST_DOMAIN = 'spiffe://demo.example'
const DAY = 86_400_000

/** The certificates, and the CAs: a current one, an old one that will be removed, a partner's, and a stranger's. */
export interface Cast {
  readonly ca: DevCa
  readonly oldCa: DevCa
  readonly partnerCa: DevCa
  readonly server: IssuedCertificate
  readonly ledger: IssuedCertificate
  readonly operator: IssuedCertificate
  readonly billing: IssuedCertificate
  /** Expires in three days. */
  readonly reports: IssuedCertificate
  /** Issued below the partner's CA, and only for servers: such clients are accepted until a date. */
  readonly partner: IssuedCertificate
  /** Issued by the old CA. */
  readonly legacy: IssuedCertificate
  /** Will be revoked. */
  readonly contractor: IssuedCertificate
  readonly stranger: IssuedCertificate
}

export async function mintCast (): Promise<Cast> {
  const ca = await createDevCa({ name: 'Demo CA 2026', days: 700 })
  const oldCa = await createDevCa({ name: 'Demo CA 2021', notAfter: new Date(Date.now() + 20 * DAY) })
  const partnerCa = await createDevCa({ name: 'Partner Root', days: 300 })
  const partnerIssuer = await partnerCa.intermediate({ name: 'Partner Issuing CA', days: 200 })
  const strangerCa = await createDevCa({ name: 'Some other CA' })
  const both = { days: 90, profile: 'both', dns: 'localhost', ip: '127.0.0.1' } as const
  const [server, ledger, operator, billing, reports, partner, legacy, contractor, stranger] = await Promise.all([
    ca.issue({ ...both, cn: 'accounts', spiffe: `${TRUST_DOMAIN}/ns/bank/sa/accounts` }),
    ca.issue({ ...both, cn: 'ledger', spiffe: `${TRUST_DOMAIN}/ns/bank/sa/ledger` }),
    ca.issue({ days: 90, profile: 'client', cn: 'Olga Operator', ou: 'operators' }),
    ca.issue({
      days: 90,
      profile: 'client',
      cn: 'billing',
      ou: 'billing',
      spiffe: `${TRUST_DOMAIN}/ns/bank/sa/billing`
    }),
    ca.issue({
      profile: 'client',
      cn: 'reports',
      ou: 'reports',
      spiffe: `${TRUST_DOMAIN}/ns/bank/sa/reports`,
      notAfter: new Date(Date.now() + 3 * DAY)
    }),
    partnerIssuer.issue({
      days: 45,
      profile: 'server',
      cn: 'gateway.partner.example',
      o: 'Partner <Ltd>',
      dns: 'gateway.partner.example'
    }),
    oldCa.issue({ days: 10, profile: 'client', cn: 'legacy-batch', ou: 'billing' }),
    ca.issue({ days: 30, profile: 'client', cn: 'contractor', ou: 'billing' }),
    strangerCa.issue({ days: 90, profile: 'client', cn: 'stranger', ou: 'operators' })
  ])
  return { ca, oldCa, partnerCa, server, ledger, operator, billing, reports, partner, legacy, contractor, stranger }
}
