import { ruleAuthoritiesOf } from '@peerkit/credentials'
import type { CredentialSource, RuleAuthority } from '@peerkit/credentials'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'

/**
 * Returns the authorities that vouch for servers.
 *
 * @throws MTLS_ERR_OUTBOUND_OPTION if there are none: every server would be refused
 */
export function authoritiesFor ({ current }: CredentialSource, where: string): readonly RuleAuthority[] {
  const found = ruleAuthoritiesOf(current, 'servers')
  if (found.some(({ only }) => only === undefined)) return found
  const names = current.authorities.map(({ name }) => `"${name}"`).join(', ')
  throw new MTLS_ERR_OUTBOUND_OPTION(
    `${where}: no authority of the credentials is for servers (${names} for clients); ` +
      'expected one with for: "servers" or "both"'
  )
}
