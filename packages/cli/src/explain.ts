import { readFile } from 'node:fs/promises'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { explain as explainRules } from '@peerkit/rules'
import type { Explanation } from '@peerkit/rules'
import { UsageError } from './usage-error.ts'
import { describeFileError } from './certificate-file.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'
import { describeExplained, describeExplainedAsData } from './describe-explained.ts'
import { shownJson } from './shown.ts'
import { VOUCHER_OPTIONS, askVoucher } from './voucher.ts'
import type { Voucher } from './voucher.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'show whether rules allow a certificate, and why',
  options: {
    cert: { type: 'string', help: 'the certificate, PEM; its chain may follow in the file', required: true },
    rules: { type: 'string', help: 'JSON: an array of rules, or { "rules": […], "clients": {…} }', required: true },
    ...VOUCHER_OPTIONS,
    json: { type: 'boolean', help: 'the whole explanation as JSON' }
  },
  notes: [
    'With --authorities the chain is checked as by "trust check", and rules see only what the authority vouches for.',
    'Exit code: 0 allowed; 1 not allowed, or the certificate is refused; 2 a wrong command line or file.', '',
    '  peerkit explain --cert client.pem --rules rules.json --authority partner',
    '  peerkit explain --cert client.pem --rules rules.json --authorities authorities.json'
  ],
  run: async (values, print) => {
    const file = textOf(values, 'rules') ?? ''
    const { peer, chain } = await readPeer(textOf(values, 'cert') ?? '')
    const { rules, clients } = await readRules(file)
    const voucher = await askVoucher(values, peer, chain)
    const explanation = explainPeer(voucher, rules, clients, file)
    if (values['json'] === true) print(shownJson(describeExplainedAsData(explanation, voucher)))
    else print(describeExplained(explanation, voucher))
    return explanation.verdict.allowed ? 0 : 1
  }
}

/** Invalid rules have exit code 2, because 1 means that the certificate is not allowed. */
function explainPeer ({ peer, authorities }: Voucher, rules: any, clients: any, file: string): Explanation {
  try {
    return explainRules(rules, peer, { groups: clients, groupsPath: 'clients', authorities })
  } catch (error) {
    throw new UsageError(`--rules ${file}: ${(error as Error).message}`)
  }
}

interface ReadPeer {
  readonly peer: PeerIdentity
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
}

async function readPeer (file: string): Promise<ReadPeer> {
  const text = await readText('cert', file, 'a PEM certificate')
  try {
    const chain = decodePem(text)
    const [leaf = new Uint8Array(), ...sent] = chain
    const links = sent.length === 0 ? {} : { chain: sent.map((der) => parsePeerIdentity(der)) }
    return { peer: parsePeerIdentity(leaf, links), chain }
  } catch (error) {
    throw new UsageError(`--cert ${file}: ${(error as Error).message}; expected a PEM certificate`)
  }
}

async function readRules (file: string): Promise<{ rules: any, clients: any }> {
  const text = await readText('rules', file, 'JSON rules')
  try {
    const value = JSON.parse(text)
    return Array.isArray(value) ? { rules: value, clients: {} } : { rules: value.rules, clients: value.clients ?? {} }
  } catch (error) {
    throw new UsageError(`--rules ${file}: ${(error as Error).message}; expected JSON`)
  }
}

async function readText (option: string, file: string, expected: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--${option} ${file}: ${describeFileError(error)}; expected ${expected}`)
  }
}
