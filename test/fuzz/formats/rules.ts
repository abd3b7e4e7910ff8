// Rules files in JSON and YAML: the parser of files, and the compiler of the rules in them.
import { compileGroups } from '@peerkit/rules'
import { parseRulesFile } from '../../../packages/fastify-allowed-clients/src/rules-file/read-rules-file.ts'
import type { ParsedFile } from '../../../packages/fastify-allowed-clients/src/rules-file/read-rules-file.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'
import { findLostJsonKey, findLostYamlKey } from './support/lost-keys.ts'

const files = [
  { groups: { billing: { ou: 'billing' }, ops: [{ spiffe: 'spiffe://prod.example/ns/*/sa/ops' }, 'billing'] }, defaultRules: 'ops' },
  {
    $schema: 'https://example.com/schema.json',
    groups: { all: [{ dns: '*.a.example' }, { uri: 'https://h/**' }, { ip: '10.0.0.0/8' }, { email: 'a@b.example' }, { cn: 'x', o: 'Example' }] },
    routes: { 'GET /a/:id': { allowedClients: 'all' }, 'POST /b': [{ subject: { O: 'Example', OU: ['a', 'b'] } }] }
  },
  { groups: { some: { all: [{ ou: 'a' }, { not: { ou: 'b' } }] }, none: { any: [{ authority: 'partner' }, { policy: '1.2.3' }] } } },
  {
    groups: {
      station: { cn: { param: 'stationId' } },
      header: { dns: { header: 'x-station' } },
      dated: { ou: 'a', from: '2026-01-01', until: '2027-01-01' },
      claims: { extension: { oid: '1.2.3', value: '0500' } },
      upn: { upn: 'j@ad.example' },
      qualified: { qualified: { type: 'esign' } },
      trust: { trustDomain: 'prod.example' },
      serial: { serialNumber: '01', issuer: { CN: 'CA' } },
      key: { publicKey256: 'ab'.repeat(32) }
    },
    routes: {}
  }
]
const yamlTexts = [
  '# rules\ngroups:\n  billing: { ou: billing }\n  ops:\n    - spiffe: spiffe://prod.example/ns/*/sa/ops\n    - billing\ndefaultRules: ops\n',
  'groups: &g\n  a: {ou: a}\n  b: &b\n    - {cn: "x, y"}\nroutes:\n  GET /a: *b\n', 'defaultRules: |\n  authenticated\n', '{"groups": {"a": {"ou": "a"}}}'
]
const JSON_WORDS = ['{', '}', '[', ']', ',', ':', '"', '\\u0000', '"__proto__":', '"groups":', '"not":', '"any":'].map(textInput)
const YAML_WORDS = [
  '\n', '  ', '- ', ': ', '? ', '&a ', '*a', '<<: *a', '!!map ', '!!binary ', '!tag ', '|', '>', '"', "'", '#', '---\n', '...\n',
  '{', '}', '[', ']', ',', '__proto__: ', '1: ', '"1": ', 'null: ', '~', '0x1', '1e3', '.nan', '? [a]\n: b', '%YAML 1.1\n---\n', '\t', '\ufeff'
].map(textInput)

const isDocumented = (error: unknown): boolean => hasCode(error, 'MTLS_ERR_RULES_FILE_INVALID', 'MTLS_ERR_RULE_INVALID')

/** What a file says, and why its rules are refused, where they are. */
interface Read { readonly parsed: ParsedFile, readonly refusal: string | undefined }

function readFile (file: string, input: Buffer): Read {
  const parsed = parseRulesFile(file, input)
  try {
    compileGroups(parsed.groups as Parameters<typeof compileGroups>[0])
    return { parsed, refusal: undefined }
  } catch (error) {
    if (!hasCode(error, 'MTLS_ERR_RULE_INVALID')) throw error
    return { parsed, refusal: (error as { reason?: string }).reason ?? 'refused' }
  }
}

const label = ({ refusal }: Read): string => refusal ?? 'compiled'

export const rulesJson: Format = {
  name: 'rules-json',
  seeds: files.map((file) => textInput(JSON.stringify(file))),
  mutate: (seed, others, random) => mutateJson(seed, others, random, JSON_WORDS),
  read: (input) => readFile('rules.json', input),
  isDocumented,
  check: (found: Read, input) => findLostJsonKey(input) ?? readsBack(found),
  label,
  maxSteps: (octets) => 15_000 + 150 * octets
}

export const rulesYaml: Format = {
  name: 'rules-yaml',
  seeds: [...yamlTexts.map(textInput), ...rulesJson.seeds.slice(0, 2)],
  mutate: (seed, others, random) => mutateOctets(seed, others, random, YAML_WORDS),
  read: (input) => readFile('rules.yaml', input),
  isDocumented,
  check: (found: Read, input) => findLostYamlKey(input) ?? readsBack(found),
  label,
  maxSteps: (octets) => 15_000 + 150 * octets
}

/** What was read from either format and written as JSON reads back. Undefined and functions do not occur in a file. */
function readsBack ({ parsed }: Read): string | undefined {
  const { file, ...content } = parsed
  const text = JSON.stringify(content)
  const again = parseRulesFile('written.json', textInput(text))
  const written = JSON.stringify({ ...again, file: undefined })
  return written === text ? undefined : `it reads back as ${written.slice(0, 300)}; expected ${text.slice(0, 300)}`
}
