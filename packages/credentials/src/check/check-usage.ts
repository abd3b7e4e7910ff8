import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'
import type { CheckOptions } from '../check-options.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
const NAMES: Readonly<Record<string, string>> = {
  [SERVER_AUTH]: 'serverAuth',
  [CLIENT_AUTH]: 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning'
}
const EXPECTED = {
  server: 'serverAuth', client: 'clientAuth', both: 'serverAuth and clientAuth', either: 'serverAuth or clientAuth'
}

/**
 * The extended key usage must allow the option `use`. Without the extension a key may be used for anything (RFC 5280
 * section 4.2.1.12).
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkUsage (leaf: PeerIdentity, where: string, use: NonNullable<CheckOptions['use']>): void {
  const usages = leaf.extendedKeyUsage ?? []
  if (usages.length === 0 || usages.includes(ANY_USAGE)) return
  const server = usages.includes(SERVER_AUTH)
  const client = usages.includes(CLIENT_AUTH)
  const fits = { server, client, both: server && client, either: server || client }[use]
  if (fits) return
  const found = usages.map(nameUsage).join(', ')
  const problem = `the extended key usage does not allow use as ${use}`
  throw refused('wrong_purpose', where, `${problem}; found ${found}; expected ${EXPECTED[use]}`)
}

function nameUsage (oid: string): string {
  return NAMES[oid] ?? oid
}
