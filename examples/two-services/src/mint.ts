import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions, IssuedCertificate } from '@peerkit/dev-ca'

export const TRUST_DOMAIN = 'spiffe://demo.example'

/** A service is a server and a client. */
const SERVICE: IssueOptions = { profile: 'both', dns: 'localhost', ip: '127.0.0.1' }

/** The parties. Services are identified by SPIFFE ID, people by organizational unit. */
const PARTIES: Readonly<Record<string, IssueOptions>> = {
  ledger: { ...SERVICE, cn: 'ledger', spiffe: `${TRUST_DOMAIN}/ns/pay/sa/ledger` },
  orders: { ...SERVICE, cn: 'orders', spiffe: `${TRUST_DOMAIN}/ns/shop/sa/orders` },
  operator: { profile: 'client', cn: 'Olga Operator', ou: 'operators' },
  intern: { profile: 'client', cn: 'Ivo Intern', ou: 'interns' }
}

/** The PEM files of one party. Keys have the mode 0600. */
export interface Paths { readonly cert: string, readonly key: string, readonly ca: string, readonly crl: string }

export interface World {
  readonly folder: string
  readonly ca: DevCa
  paths (party: string): Paths
  /** Issues a new certificate for a party. */
  issue (party: string): Promise<IssuedCertificate>
  /** Replaces a party's files with its last issued certificate, by renaming, as a certificate agent does. */
  place (party: string): Promise<void>
  /** Revokes a certificate, and replaces the CRL by renaming. */
  revoke (certificate: IssuedCertificate): Promise<void>
  /** The last issued certificate of a party. */
  issued (party: string): IssuedCertificate
}

/** Makes a CA, a CA of a stranger, and all certificates in a temporary folder. */
export async function mintWorld (): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-demo-'))
  const ca = await createDevCa({ name: 'Demo CA' })
  const certificates = new Map<string, IssuedCertificate>()
  const paths = (party: string): Paths => ({
    cert: join(folder, party, 'cert.pem'),
    key: join(folder, party, 'key.pem'),
    ca: join(folder, 'ca.pem'),
    crl: join(folder, 'crl.pem')
  })

  const place = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await writeFile(`${path}.new`, text, { mode })
    await rename(`${path}.new`, path)
  }
  const issue = async (party: string, issuer = ca): Promise<IssuedCertificate> => {
    const certificate = await issuer.issue(PARTIES[party] ?? { profile: 'client', cn: party, ou: 'operators' })
    certificates.set(party, certificate)
    return certificate
  }
  const issued = (party: string): IssuedCertificate => {
    const certificate = certificates.get(party)
    if (certificate === undefined) throw new Error(`no certificate was issued for ${party}`)
    return certificate
  }
  const placeIssued = async (party: string): Promise<void> => {
    await mkdir(join(folder, party), { recursive: true, mode: 0o700 })
    await place(paths(party).key, issued(party).key, 0o600)
    await place(paths(party).cert, issued(party).chain)
  }
  const publishCrl = async (): Promise<void> => { await place(paths('').crl, (await ca.crl()).pem) }

  await place(paths('').ca, ca.root)
  await publishCrl()
  for (const party of Object.keys(PARTIES)) await issue(party)
  await issue('stranger', await createDevCa({ name: 'Some other CA' }))
  for (const party of certificates.keys()) await placeIssued(party)
  return {
    folder,
    ca,
    paths,
    issue: async (party) => await issue(party),
    place: placeIssued,
    revoke: async (certificate) => {
      ca.revoke(certificate, { reason: 'keyCompromise' })
      await publishCrl()
    },
    issued
  }
}
