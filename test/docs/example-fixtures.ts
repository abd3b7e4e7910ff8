import { memoryCredentials, type MemoryCredentials } from '@peerkit/credentials'
import { createDevCa, type DevCa, type IssuedCertificate } from '@peerkit/dev-ca'
import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What an `@example` can use without making it. CONTRIBUTING.md describes it. */
export interface ExampleFixtures {
  readonly ca: DevCa
  /** The certificate of the service `ledger`. */
  readonly issued: IssuedCertificate
  /** The certificate of alice, a client. */
  readonly client: IssuedCertificate
  /** Of `issued` and `ca`. */
  readonly credentials: MemoryCredentials
  /** The identity of `client`. */
  readonly peer: PeerIdentity
}

/** In the order in which they are declared. */
export const FIXTURE_NAMES: ReadonlyArray<keyof ExampleFixtures> = ['ca', 'issued', 'client', 'credentials', 'peer']

/** They are new for each example: examples revoke certificates, and update and close credentials. */
export async function makeFixtures (): Promise<ExampleFixtures> {
  const ca = await createDevCa()
  const issued = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1' })
  const client = await ca.issue({ profile: 'client', cn: 'alice', ou: 'billing' })
  const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  return { ca, issued, client, credentials, peer: parsePeerIdentity(client.der) }
}

const RULES = `groups:
  billing: { ou: billing }
  auditors: { cn: audit }
defaultRules: billing
`

const AUTHORITIES = { internal: { ca: 'ca.pem', crl: 'ca.crl', names: 'any' } }

/** Writes the files that an example finds in its working folder. */
export async function writeFiles (folder: string, { ca, issued, client }: ExampleFixtures): Promise<void> {
  const files = {
    'ledger.pem': issued.chain,
    'ledger.key': issued.key,
    'ca.pem': ca.root,
    'ca.crl': (await ca.crl()).pem,
    'alice.pem': client.chain,
    'alice.key': client.key,
    'rules.yaml': RULES,
    'blocked.yaml': 'version: 1\nblock: []\n',
    'authorities.json': `${JSON.stringify(AUTHORITIES, undefined, 2)}\n`
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}
