import { limitPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RuleAuthority } from '@peerkit/rules'
import { checkAuthorityName } from '../authorities/authority-entry.ts'
import { ruleAuthoritiesOf } from '../authorities/read-authorities.ts'
import { textOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { askTrust, PURPOSES, readPurpose, readTrusted } from '../trust/trust-question.ts'
import type { TrustAnswer, TrustQuestion } from '../trust/trust-question.ts'

/** The options of {@link askVoucher}. */
export const VOUCHER_OPTIONS: Command['options'] = {
  authorities: {
    type: 'string',
    help: 'JSON file of authorities (see trust check): the chain decides which authority vouches for which names'
  },
  authority: {
    type: 'string',
    help: 'name of the authority of the certificate; the chain is not checked (default unknown)'
  },
  purpose: {
    type: 'string', help: 'with --authorities: client (default), server or any', values: Object.keys(PURPOSES)
  }
}

/** The authority of a certificate. */
export interface Voucher {
  /** The identity for the rules. Undefined: no authority accepts it, so no rule is checked. */
  readonly peer: PeerIdentity | undefined
  /** How the authority is known: by the chain or by the option. */
  readonly basis: 'chain' | 'option' | undefined
  /** The authorities that rules may name. Undefined: any. */
  readonly authorities: readonly RuleAuthority[] | undefined
  /** The question about the chain and its answer. */
  readonly asked: { readonly question: TrustQuestion, readonly answer: TrustAnswer } | undefined
}

/**
 * Finds the authority of a certificate.
 *
 * @param peer all claims of the certificate
 * @param chain the certificate and its chain, DER
 * @throws UsageError
 */
export async function askVoucher (values: Values, peer: PeerIdentity, chain: readonly Uint8Array[]): Promise<Voucher> {
  const [file, name] = [textOf(values, 'authorities'), textOf(values, 'authority')]
  if (file === undefined) {
    if (values['purpose'] !== undefined) {
      throw new UsageError('found --purpose without --authorities; expected both')
    }
    if (name === undefined) return { peer, basis: undefined, authorities: undefined, asked: undefined }
    checkAuthorityName(name, '--authority')
    return { peer: limitPeerIdentity(peer, name, []), basis: 'option', authorities: undefined, asked: undefined }
  }
  if (name !== undefined) {
    const expected = 'one of them: with --authorities the chain decides which authority vouches'
    throw new UsageError(`found --authority with --authorities; expected ${expected}`)
  }
  const purpose = readPurpose(values)
  const trusted = await readTrusted(file, purpose)
  const question: TrustQuestion = { chain, trusted, purpose, at: Date.now() }
  const answer = await askTrust(question)
  return {
    peer: answer.decision.accepted ? answer.decision.peer : undefined,
    basis: 'chain',
    authorities: ruleAuthoritiesOf(trusted.authorities, PURPOSES[purpose].side),
    asked: { question, answer }
  }
}
