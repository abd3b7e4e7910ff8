import crypto from 'node:crypto'
import { endOfValidity } from '@peerkit/identity'
import type { Accepted } from '@peerkit/trust'
import { describeAccepting, describeAcceptingAsData, describeEachAsData } from '../authorities/describe-answer.ts'
import type { NamedAuthority } from '../authorities/read-authorities.ts'
import { textOf } from '../command.ts'
import type { Command } from '../command.ts'
import { describeMoment, describePeriod, shown, shownJson, shownRows } from '../output.ts'
import { describeDecisionAsData, describeRefusal, describeRemedy, firstOf, pathOf } from './decision.ts'
import { askTrust, PURPOSES, readTrustQuestion } from './trust-question.ts'
import type { TrustAnswer, TrustQuestion } from './trust-question.ts'

export const trustCheck: Command = {
  name: 'trust check',
  summary: 'check whether a stored certificate chain is accepted, and why not',
  options: {
    chain: {
      type: 'string',
      help: 'the certificate, followed by the chain that the peer sends (once)',
      required: true
    },
    ca: {
      type: 'string',
      multiple: true,
      help: 'trusted CAs, PEM or DER (any number); required without --authorities'
    },
    intermediates: {
      type: 'string',
      multiple: true,
      help: 'intermediate CAs that a path may go through, PEM or DER (any number; no roots)'
    },
    crl: {
      type: 'string',
      multiple: true,
      help: 'CRL of one of these CAs (any number); without it revocation is not checked'
    },
    authorities: {
      type: 'string',
      help: 'JSON file with the option authorities of the credentials; replaces --ca, --intermediates and --crl'
    },
    purpose: { type: 'string', help: 'client (default), server or any', values: Object.keys(PURPOSES) },
    at: { type: 'string', help: 'time of the check, such as 2026-01-31T12:00:00Z (default now)' },
    json: { type: 'boolean', help: 'the answer as JSON' }
  },
  notes: [
    'The check is that of the plugins: RFC 5280, with all signatures.',
    'The option "algorithms" of the plugins applies only with --authorities; otherwise its default applies.',
    'With --crl every certificate below the root needs a CRL (the hard policy).',
    'A CRL is used only if its CA is in --ca or --intermediates. A CA in --chain is not enough.',
    'Paths in the file of --authorities are relative to it.', '',
    'Exit code: 0 accepted; 1 refused; 2 a wrong command line or file.', '',
    '  peerkit trust check --chain client.pem --ca ca.pem --crl ca.crl',
    '  peerkit trust check --chain client.pem --ca root.pem --intermediates middle.pem --crl root.crl --crl middle.crl',
    '  peerkit trust check --chain client.pem --authorities authorities.json'
  ],
  run: async (values, print) => {
    const question = await readTrustQuestion(values)
    const answer = await askTrust(question)
    const path = textOf(values, 'chain') ?? ''
    if (values['json'] === true) print(shownJson(describeAsData(path, question, answer)))
    else print(describeAsText(path, question, answer))
    return answer.decision.accepted ? 0 : 1
  }
}

function describeAsData (path: string, question: TrustQuestion, answer: TrustAnswer): object {
  const { decision, authority, each, leftOut } = answer
  const { chain: [leaf], trusted: { file, authorities: [first] }, purpose, at } = question
  const crl = (authority ?? first)?.crlPaths ?? []
  return {
    chain: path,
    purpose,
    at: describeMoment(at),
    ...describeDecisionAsData(decision, leaf),
    ...(!decision.accepted && { remedy: describeRemedy(question, decision) }),
    ...(decision.accepted && { revocation: { checked: crl.length > 0, crl } }),
    ...(file !== undefined && {
      ...(decision.accepted && authority && { authority: describeAcceptingAsData(authority, decision) }),
      ...(!decision.accepted && { authorities: describeEachAsData(each) }),
      leftOut
    })
  }
}

function describeAsText (path: string, question: TrustQuestion, answer: TrustAnswer): string {
  const { purpose, at } = question
  const { decision } = answer
  const outcome = decision.accepted ? 'accepted' : `refused (${decision.reason})`
  const moment = describeMoment(Math.floor(at / 1_000) * 1_000)
  const title = `${shown(path)}: ${outcome} ${PURPOSES[purpose].audience} at ${moment}\n`
  if (!decision.accepted) return title + describeRefusal(question, answer, decision)
  return title + describeAccepted(question, answer, decision)
}

function describeAccepted (
  { trusted: { file }, at }: TrustQuestion, { authority, leftOut }: TrustAnswer, decision: Accepted
): string {
  const path = pathOf(decision)
  const steps = path.map((certificate, index) => {
    const { serialNumber, fingerprint256, notAfter = 0 } = certificate
    return `  ${index + 1}  ${shown(String(certificate))}\n` + shownRows([
      ['   serial number', serialNumber],
      ['   SHA-256', fingerprint256],
      ['   valid until', `${describeMoment(notAfter)}: ${describePeriod(undefined, endOfValidity(certificate), at)}`],
      ['   trusted by', index === path.length - 1 ? nameAnchor(authority, file, fingerprint256) : undefined]
    ])
  })
  return `${steps.join('')}${shownRows([
    ...(file === undefined || authority === undefined ? [] : describeAccepting(authority, decision)),
    ['expires', describeMoment(firstOf(path).notAfter ?? 0)],
    ['revocation', describeRevocation(authority, file)],
    ['ignored', leftOut]
  ])}`
}

function describeRevocation (authority: NamedAuthority | undefined, file: string | undefined): string {
  const { name = '', crlPaths = [], revocation } = authority ?? {}
  if (file === undefined) {
    const lists = crlPaths.map((path) => `--crl ${path}`).join(', ')
    return lists === '' ? 'not checked: no --crl' : `none is revoked, by ${lists}`
  }
  if (crlPaths.length === 0) return `not checked: ${name} has no crl`
  const policy = revocation === 'hard' ? '' : ' (certificates without a CRL are accepted by the option "revocation")'
  return `none is revoked, by ${crlPaths.join(', ')}${policy}`
}

/** The first file of the authority with the certificate. */
function nameAnchor (
  authority: NamedAuthority | undefined, file: string | undefined, fingerprint256: string | undefined
): string | undefined {
  const isAnchor = (der: Uint8Array): boolean => crypto.hash('sha256', der, 'hex') === fingerprint256
  const found = authority?.ca.find(({ certificates }) => certificates.some(isAnchor))
  if (found === undefined) return undefined
  return file === undefined ? `--ca ${found.path}` : found.path
}
