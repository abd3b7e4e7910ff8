import { CERTIFICATE_FLAWS, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { UsageError } from './usage-error.ts'
import { decodeCertificates } from './certificate-file.ts'
import { textOf } from './command.ts'
import type { Command } from './command.ts'
import { describeExplained, describeExplainedAsData } from './describe-explained.ts'
import { readBytes } from './read-bytes.ts'
import { chooseSets, explainSet } from './rules-file/explain-sets.ts'
import { readRulesFile } from './rules-file/read-rules-file.ts'
import { shownJson } from './shown.ts'
import { VOUCHER_OPTIONS, askVoucher } from './voucher.ts'

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
    json: { type: 'boolean', help: 'the whole explanation as JSON' }
  },
  notes: [
    'With --authorities the chain is checked as by "trust check", and rules see only what the authority vouches for.',
    'Without --route, all rules of a file with routes are asked.',
    'Exit code: 0 allowed by all rules that were asked; 1 not allowed, or the certificate is refused;',
    '2 a wrong command line or file.', '',
    '  peerkit explain --cert client.pem --rules rules.yaml --route "GET /invoices"',
    '  peerkit explain --cert client.pem --rules rules.json --authority partner',
    '  peerkit explain --cert client.pem --rules rules.json --authorities authorities.json'
  ],
  run: async (values, print) => {
    const file = textOf(values, 'rules') ?? ''
    const { peer, chain } = await readPeer(textOf(values, 'cert') ?? '', textOf(values, 'authorities') !== undefined)
    const rulesFile = await readRulesFile(file)
    const { sets, note } = chooseSets(rulesFile, textOf(values, 'route'), file)
    const voucher = await askVoucher(values, peer, chain)
    const question = { authorities: voucher.authorities, file }
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
  const chain = decodeCertificates(await readBytes(file, '--cert ', EXPECTED), where)
  try {
    const [leaf = new Uint8Array(), ...sent] = chain
    const links = sent.length === 0 ? {} : { chain: sent.map((der) => parsePeerIdentity(der, { tolerate })) }
    return { peer: parsePeerIdentity(leaf, { ...links, tolerate }), chain }
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected ${EXPECTED}`)
  }
}
