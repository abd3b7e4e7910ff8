// Files with blocked certificates, in YAML and JSON.
import { readBlockList } from '../../../packages/credentials/src/block/read-block-list.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'
import { findLostJsonKey, findLostYamlKey } from './support/lost-keys.ts'

const document = {
  version: 1,
  block: [
    { issuer: 'CN=Internal CA,O=Example', serialNumber: '0a:1b', reason: 'lost' }, { publicKey: 'ab'.repeat(32) },
    { spiffe: 'spiffe://prod.example/a' }, { name: 'CN=alice,O=Example' }, { dns: 'a.example', until: '2027-01-01T00:00:00Z' }
  ]
}
const yaml = 'version: 1\nblock:\n  - issuer: CN=Internal CA,O=Example\n    serialNumber: 0a1b\n  - publicKey: ' +
  `${'ab'.repeat(32)}\n  - { name: "CN=alice,O=Example" }\n`
const WORDS = ['\n', '  - ', ': ', '&a ', '*a', '"', '{', '}', '[', ']', '!!x ', '? ', '---\n', '__proto__: ', 'block: ', 'version: '].map(textInput)

const make = (name: string, file: string, seeds: readonly string[]): Format => ({
  name,
  seeds: seeds.map(textInput),
  mutate: (seed, others, random) => file.endsWith('.json') || random.below(3) === 0
    ? mutateJson(seed, others, random, WORDS)
    : mutateOctets(seed, others, random, WORDS),
  read: (input) => readBlockList(input, file),
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_BLOCK_LIST_INVALID'),
  check: (_found, input) => file.endsWith('.json') ? findLostJsonKey(input) : findLostYamlKey(input),
  label: (entries: readonly unknown[]) => entries.length === 0 ? 'nothing blocked' : 'blocked',
  maxSteps: (octets) => 20_000 + 150 * octets
})

export const blockListJson: Format = make('block-list-json', 'block.json', [
  JSON.stringify(document), '{"version":1,"block":[]}', JSON.stringify({ ...document, block: document.block.slice(0, 1) })
])
export const blockListYaml: Format = make('block-list-yaml', 'block.yaml', [yaml, 'version: 1\nblock: []\n', JSON.stringify(document)])
