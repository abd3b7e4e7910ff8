import { CERTIFICATE_FLAWS, endOfValidity, parsePeerIdentity, validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { FailedKey, RuleExplanation } from '@peerkit/rules'
import { describeEachAsData, describeNotBelieved } from '../authorities/describe-answer.ts'
import { textOf, textsOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { readCertificateFile } from '../files/certificate-file.ts'
import { describeMoment, describePeriod, shown, shownJson } from '../output.ts'
import { describeDecisionAsData, describeRefusal, describeRemedy } from '../trust/decision.ts'
import { readRequest, REQUEST_OPTIONS } from './request-values.ts'
import { chooseSets, explainSet, readRulesFile } from './rules-file.ts'
import type { Outcome } from './rules-file.ts'
import { askVoucher, VOUCHER_OPTIONS } from './voucher.ts'
import type { Voucher } from './voucher.ts'

const EXPECTED = 'a certificate, PEM or DER'

export const explain: Command = {
  name: 'explain',
  summary: 'show whether rules allow a certificate, and why',
  options: {
    cert: { type: 'string', help: 'the certificate, PEM or DER; its chain may follow in the file', required: true },
    rules: {
      type: 'string',
      help: 'YAML or JSON: the rules file of fastify-allowed-clients, { rules, groups }, or an array of rules',
      required: true
    },
    route: { type: 'string', help: 'the route in a rules file, such as "GET /invoices" (default all)' },
    ...VOUCHER_OPTIONS,
    ...REQUEST_OPTIONS,
    'code-group': { type: 'string', multiple: true, help: 'a group that the app defines in code; may be repeated' },
    json: { type: 'boolean', help: 'the whole explanation as JSON' }
  },
  notes: [
    'With --authorities the chain is checked as by "trust check", and rules see only what the authority vouches for.',
    'Without --route, all rules of a file with routes are asked.',
    'Exit code: 0 allowed by all rules that were asked; 1 not allowed, or the certificate is refused;',
    '2 a wrong command line or file.', '',
    '  peerkit explain --cert client.pem --rules rules.yaml --route "GET /invoices"',
    '  peerkit explain --cert CP1.pem --rules rules.yaml --route "GET /stations/:id" --param id=CP1',
    '  peerkit explain --cert client.pem --rules rules.json --authority partner',
    '  peerkit explain --cert client.pem --rules rules.json --authorities authorities.json'
  ],
  run: async (values, print) => {
    const file = textOf(values, 'rules') ?? ''
    const { peer, chain } = await readPeer(textOf(values, 'cert') ?? '', textOf(values, 'authorities') !== undefined)
    const rulesFile = await readRulesFile(file)
    const { sets, note } = chooseSets(rulesFile, textOf(values, 'route'), file)
    const voucher = await askVoucher(values, peer, chain)
    const codeGroups = new Map(textsOf(values, 'code-group').map((name) => [name, undefined]))
    const question = { authorities: voucher.authorities, file, request: readRequest(values), codeGroups }
    const outcomes = sets.map((set) => explainSet(set, rulesFile, voucher.peer, question))
    if (values['json'] === true) print(shownJson(describeExplainedAsData(outcomes, voucher, note)))
    else print(describeExplained(outcomes, voucher, note))
    return outcomes.every(({ isAllowed }) => isAllowed) ? 0 : 1
  }
}

interface ReadPeer {
  readonly peer: PeerIdentity
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
}

/** @param isDecided whether the authorities decide later about the flaws that they can tolerate */
async function readPeer (file: string, isDecided: boolean): Promise<ReadPeer> {
  const tolerate = isDecided ? CERTIFICATE_FLAWS : []
  const where = `--cert ${file}`
  const chain = await readCertificateFile(file, '--cert ', EXPECTED)
  try {
    const [leaf = new Uint8Array(), ...sent] = chain
    const links = sent.length === 0 ? {} : { chain: sent.map((der) => parsePeerIdentity(der, { tolerate })) }
    return { peer: parsePeerIdentity(leaf, { ...links, tolerate }), chain }
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected ${EXPECTED}`)
  }
}

const HINT = 'the authority is not known: give it with --authority NAME, or give the authorities ' +
  '(--authorities authorities.json) and the whole chain'

/** The decision of the rules about a certificate, and its authority. */
function describeExplained (outcomes: readonly Outcome[], voucher: Voucher, note: string | undefined): string {
  const { peer, basis, asked } = voucher
  if (asked !== undefined && !asked.answer.decision.accepted) {
    const { question, answer, answer: { decision } } = asked
    const title = `not allowed: the certificate is refused (${decision.reason}) before any rule is checked`
    return `${title}\n${describeRefusal(question, answer, decision)}`
  }
  const validity = peer && readInvalidity(peer, Date.now())
  const by = basis === 'chain' ? 'by its chain' : 'by --authority; the chain was not checked'
  const rows = [
    ['authority', peer?.authority === undefined ? undefined : `${peer.authority} (${by})`],
    ['not believed', peer === undefined ? undefined : describeNotBelieved(peer)],
    ['validity', validity && describeInvalidity(validity)],
    ['note', hintOf(outcomes, voucher)]
  ].filter(([, value]) => value !== undefined)
  // What was asked is said before the answer, so that nobody takes it for an answer about the route.
  const before = note === undefined ? [] : [`${note}:`]
  const lines = [...before, ...describeOutcomes(outcomes), ...rows.map(([label, value]) => `${label}: ${value}`)]
  return `${lines.join('\n')}\n`
}

/** Each set of rules below the route that it is for, if there is more than one. */
function describeOutcomes (outcomes: readonly Outcome[]): string[] {
  const texts = outcomes.map(({ word, explanation }) => {
    return explanation === undefined ? `allowed by "${word}"` : String(explanation)
  })
  if (texts.length === 1) return texts
  return outcomes.map(({ set: { route, path } }, index) => {
    return `${shown(route ?? path)}\n${(texts[index] ?? '').replaceAll(/^/gm, '  ')}`
  })
}

/** The same as data. Of one set of rules, its explanation; of several, a list of them. */
function describeExplainedAsData (
  outcomes: readonly Outcome[], voucher: Voucher, note: string | undefined
): object {
  const { peer, basis, asked } = voucher
  const { authority: name, notBelieved } = peer ?? {}
  const validity = peer && readInvalidity(peer, Date.now())
  const sets = outcomes.map(({ set: { path, route }, word, isAllowed, explanation }) => ({
    path, route, word, ...(explanation ?? { verdict: { allowed: isAllowed } })
  }))
  return {
    note,
    ...(sets.length === 1 ? sets[0] : { allowed: outcomes.every(({ isAllowed }) => isAllowed), sets }),
    ...(name !== undefined && { authority: { name, basis, notBelieved } }),
    ...(asked !== undefined && !asked.answer.decision.accepted && {
      chain: {
        ...describeDecisionAsData(asked.answer.decision),
        remedy: describeRemedy(asked.question, asked.answer.decision),
        authorities: describeEachAsData(asked.answer.each)
      }
    }),
    ...(validity && {
      validity: validity.state,
      notBefore: describeMoment(validity.notBefore),
      notAfter: describeMoment(validity.notAfter)
    }),
    hint: hintOf(outcomes, voucher)
  }
}

interface Invalidity {
  readonly state: 'expired' | 'not_yet_valid'
  readonly notBefore: number
  readonly notAfter: number
  readonly now: number
}

/** Undefined for a valid certificate. With --authorities an invalid one is refused before. */
function readInvalidity (peer: PeerIdentity, now: number): Invalidity | undefined {
  const state = validityAt(peer, now)
  // A certificate has both dates. Identities of other kinds do not get here.
  const { notBefore = 0, notAfter = 0 } = peer
  return state === 'valid' ? undefined : { state, notBefore, notAfter, now }
}

/** A reader of "allowed" should not conclude that the client gets in. */
function describeInvalidity ({ state, notBefore, notAfter, now }: Invalidity): string {
  const period = describePeriod(notBefore, endOfValidity({ notAfter }), now)
  const moment = state === 'expired' ? `notAfter ${describeMoment(notAfter)}` : `notBefore ${describeMoment(notBefore)}`
  return `the certificate ${period} (${moment}); a service refuses it in the handshake, whatever the rules say`
}

/** What is not known and would decide: whether the peer is in a group of the code, or which authority vouches. */
function hintOf (outcomes: readonly Outcome[], { basis }: Voucher): string | undefined {
  const groups = new Set(outcomes.flatMap(({ undecidedGroups }) => undecidedGroups))
  if (groups.size > 0) {
    const names = [...groups].map((name) => JSON.stringify(name)).join(', ')
    const which = groups.size === 1 ? 'the group' : 'one of the groups'
    return `it is allowed if it is in ${which} ${names}, which the code defines`
  }
  const needsAuthority = outcomes.some(({ isAllowed, explanation }) => {
    return !isAllowed && explanation?.rules.some(isUnsaid) === true
  })
  return basis === undefined && needsAuthority ? HINT : undefined
}

/**
 * Whether a rule needs the authority of the peer and it is not known. The authority of a gateway cannot be given here.
 */
function isUnsaid ({ failed }: RuleExplanation): boolean {
  return failed.some(({ key, result, within }: FailedKey) => {
    if (key === 'authority') return result === 'unknown'
    return key === 'not' && within !== undefined && isUnsaid(within)
  })
}
