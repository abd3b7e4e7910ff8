import { hash } from 'node:crypto'
import { endOfValidity } from '@peerkit/identity'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import { describeDecisionAsData, firstOf, pathOf, remedyOf } from './chain-decision.ts'
import type { Command } from './command.ts'
import { shown, shownJson, shownRows } from './shown.ts'
import { describeMoment, describePeriod } from './time-left.ts'
import { askTrust, readTrustQuestion } from './trust-question.ts'
import type { TrustQuestion } from './trust-question.ts'

const AUDIENCES: Readonly<Record<TrustQuestion['purpose'], string>> = {
  client: 'as a client', server: 'as a server', any: 'for any purpose'
}

export const trustCheck: Command = {
  name: 'trust check',
  summary: 'say whether a stored chain is accepted, through which path, or what is wrong with it',
  options: {
    chain: { type: 'string', help: 'the certificate, and below it what the peer sends with it (once)', required: true },
    ca: { type: 'string', multiple: true, help: 'CAs that are trusted, PEM or DER (any number)', required: true },
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
    purpose: { type: 'string', help: 'client (default), server or any' },
    at: { type: 'string', help: 'moment to check, such as 2026-01-31T12:00:00Z (default now)' },
    json: { type: 'boolean', help: 'the answer as JSON' }
  },
  notes: [
    'It decides as the plugins do: by RFC 5280, with all signatures verified.',
    'It does not know their option "algorithms": it decides by its default.',
    'With --crl every certificate below the root needs a list (the hard policy).',
    'A list counts only if its CA is in --ca or --intermediates, even where --chain holds that CA.', '',
    'Exit code: 0 accepted; 1 refused; 2 a wrong command line or file.', '',
    '  peerkit trust check --chain client.pem --ca ca.pem --crl ca.crl',
    '  peerkit trust check --chain client.pem --ca root.pem --intermediates middle.pem --crl root.crl --crl middle.crl'
  ],
  run: async (values, print) => {
    const question = await readTrustQuestion(values)
    const decision = await askTrust(question)
    print(values['json'] === true ? shownJson(describeAsData(question, decision)) : describeAsText(question, decision))
    return decision.accepted ? 0 : 1
  }
}

function describeAsData (question: TrustQuestion, decision: Decision): object {
  const { chainPath, chain: [leaf], crlPaths, purpose, at } = question
  const revocation = { checked: crlPaths.length > 0, crl: crlPaths }
  return {
    chain: chainPath,
    purpose,
    at: describeMoment(at),
    ...describeDecisionAsData(decision, leaf),
    ...(decision.accepted && { revocation })
  }
}

function describeAsText (question: TrustQuestion, decision: Decision): string {
  const { chainPath, chain: [leaf], purpose, at } = question
  const outcome = decision.accepted ? 'accepted' : `refused (${decision.reason})`
  const moment = describeMoment(Math.floor(at / 1_000) * 1_000)
  const title = `${shown(chainPath)}: ${outcome} ${AUDIENCES[purpose]} at ${moment}\n`
  return `${title}${decision.accepted ? describeAccepted(question, decision) : describeRefused(decision, leaf)}`
}

function describeAccepted ({ ca, crlPaths, at }: TrustQuestion, decision: Accepted): string {
  const path = pathOf(decision)
  const steps = path.map((certificate, index) => {
    const { serialNumber, fingerprint256, notAfter = 0 } = certificate
    return `  ${index + 1}  ${shown(String(certificate))}\n` + shownRows([
      ['   serial number', serialNumber],
      ['   SHA-256', fingerprint256],
      ['   valid until', `${describeMoment(notAfter)}: ${describePeriod(undefined, endOfValidity(certificate), at)}`],
      ['   trusted by', index === path.length - 1 ? nameAnchor(ca, fingerprint256) : undefined]
    ])
  })
  const lists = crlPaths.map((file) => `--crl ${file}`).join(', ')
  return `${steps.join('')}${shownRows([
    ['path ends', describeMoment(firstOf(path).notAfter ?? 0)],
    ['revocation', lists === '' ? 'not checked: there is no --crl' : `none is revoked, by ${lists}`]
  ])}`
}

/** The first file of `--ca` that holds the certificate. */
function nameAnchor (files: TrustQuestion['ca'], fingerprint256: string | undefined): string | undefined {
  const isAnchor = (der: Uint8Array): boolean => hash('sha256', der, 'hex') === fingerprint256
  const file = files.find(({ certificates }) => certificates.some(isAnchor))
  return file === undefined ? undefined : `--ca ${file.path}`
}

function describeRefused (refused: Refused, leaf: Uint8Array | undefined): string {
  const { step, message, why, certificate } = refused.detail
  return shownRows([
    ['step', why === undefined ? step : `${step} (${why})`],
    ['found', message],
    ['certificate', certificate === undefined ? undefined : certificate.subject ?? 'without a readable subject'],
    ['serial number', certificate?.serialNumber],
    ['SHA-256', certificate?.fingerprint256],
    ['what to do', remedyOf(refused, leaf)]
  ])
}
