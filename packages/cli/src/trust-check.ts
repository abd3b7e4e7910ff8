import crypto from 'node:crypto'
import { endOfValidity } from '@peerkit/identity'
import type { Accepted } from '@peerkit/trust'
import { describeAccepting, describeAcceptingAsData, describeEachAsData } from './authorities/describe-answer.ts'
import type { NamedAuthority } from './authorities/named-authority.ts'
import { describeDecisionAsData, firstOf, pathOf } from './chain-decision.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'
import { describeRefusal, describeRemedy } from './describe-refusal.ts'
import { shown, shownJson, shownRows } from './shown.ts'
import { describeMoment, describePeriod } from './time-left.ts'
import { askTrust, readTrustQuestion } from './trust-question.ts'
import type { TrustAnswer, TrustQuestion } from './trust-question.ts'

const AUDIENCES: Readonly<Record<TrustQuestion['purpose'], string>> = {
  client: 'as a client', server: 'as a server', any: 'for any purpose'
}

export const trustCheck: Command = {
  name: 'trust check',
  summary: 'say whether a stored chain is accepted, through which path, or what is wrong with it',
  options: {
    chain: { type: 'string', help: 'the certificate, and below it what the peer sends with it (once)', required: true },
    ca: {
      type: 'string',
      multiple: true,
      help: 'CAs that are trusted, PEM or DER (any number); needed unless there is --authorities'
    },
    intermediates: {
      type: 'string',
      multiple: true,
      help: 'CAs that are known and not trusted by themselves, PEM or DER (any number; no roots)'
    },
    crl: {
      type: 'string',
      multiple: true,
      help: 'revocation list of one of these CAs (any number; default revocation is not checked)'
    },
    authorities: {
      type: 'string',
      help: 'JSON of named authorities, in place of --ca, --intermediates and --crl: the option of the credentials'
    },
    purpose: { type: 'string', help: 'client (default), server or any' },
    at: { type: 'string', help: 'moment to check, such as 2026-01-31T12:00:00Z (default now)' },
    json: { type: 'boolean', help: 'the answer as JSON' }
  },
  notes: [
    'It decides as the plugins do: by RFC 5280, with all signatures verified.',
    'Their option "algorithms" it knows of --authorities alone: else it decides by its default.',
    'With --crl every certificate below the root needs a list (the hard policy).',
    'A list counts only if its CA is in --ca or --intermediates, even where --chain holds that CA.',
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
  const title = `${shown(path)}: ${outcome} ${AUDIENCES[purpose]} at ${moment}\n`
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
    ['path ends', describeMoment(firstOf(path).notAfter ?? 0)],
    ['revocation', describeRevocation(authority, file)],
    ['left out', leftOut]
  ])}`
}

function describeRevocation (authority: NamedAuthority | undefined, file: string | undefined): string {
  const { name = '', crlPaths = [], revocation } = authority ?? {}
  if (file === undefined) {
    const lists = crlPaths.map((path) => `--crl ${path}`).join(', ')
    return lists === '' ? 'not checked: there is no --crl' : `none is revoked, by ${lists}`
  }
  if (crlPaths.length === 0) return `not checked: ${name} has no crl`
  const policy = revocation === 'hard' ? '' : ' (what no list speaks of passes as "revocation" says)'
  return `none is revoked, by ${crlPaths.join(', ')}${policy}`
}

/** The first file of the authority that holds the certificate. */
function nameAnchor (
  authority: NamedAuthority | undefined, file: string | undefined, fingerprint256: string | undefined
): string | undefined {
  const isAnchor = (der: Uint8Array): boolean => crypto.hash('sha256', der, 'hex') === fingerprint256
  const found = authority?.ca.find(({ certificates }) => certificates.some(isAnchor))
  if (found === undefined) return undefined
  return file === undefined ? `--ca ${found.path}` : found.path
}
