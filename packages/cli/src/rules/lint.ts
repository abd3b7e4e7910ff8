import { lintRules } from '@peerkit/rules'
import type { LintFinding } from '@peerkit/rules'
import { readAuthorities, ruleAuthoritiesOf } from '../authorities/read-authorities.ts'
import { readDuration, textOf, textsOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'
import { readRulesFile, wordOf } from '../explain/rules-file.ts'
import { describeSpan, shown, shownJson } from '../output.ts'

const KINDS = [
  'invalid', 'contradictory', 'unreachable', 'shadowed', 'over_broad', 'several_authorities', 'awaited',
  'never_matched', 'evadable', 'literal', 'ended', 'ends_soon', 'unused_group'
] as const satisfies ReadonlyArray<LintFinding['kind']>

export const rulesLint: Command = {
  name: 'rules lint',
  summary: 'find rules that are probably not meant',
  options: {
    rules: {
      type: 'string',
      help: 'YAML or JSON: the rules file of fastify-allowed-clients, { rules, groups }, or an array of rules',
      required: true
    },
    authorities: {
      type: 'string', help: 'JSON file of authorities (see trust check): finds names that several of them may claim'
    },
    used: { type: 'string', multiple: true, help: 'a group of the file that rules in code name; may be repeated' },
    'code-group': { type: 'string', multiple: true, help: 'a group that the app defines in code; may be repeated' },
    within: { type: 'string', help: 'report rules that end within this time, such as 7d (default 30d)' },
    ignore: { type: 'string', multiple: true, help: 'a kind of finding to leave out; may be repeated', values: KINDS },
    json: { type: 'boolean', help: 'the findings as JSON' }
  },
  notes: [
    `Kinds: ${KINDS.join(', ')}.`,
    'Exit code: 0 nothing found; 1 something found; 2 a wrong command line or file.', '',
    '  peerkit rules lint --rules rules.yaml',
    '  peerkit rules lint --rules rules.yaml --authorities authorities.json --used admins --within 14d'
  ],
  run: async (values, print) => {
    const file = textOf(values, 'rules') ?? ''
    const ignored = readIgnored(values)
    const within = textOf(values, 'within') ?? '30d'
    const endsWithin = readDuration(within, 'within')
    const { groups, groupsPath, sets } = await readRulesFile(file)
    const trusted = textOf(values, 'authorities')
    const authorities = trusted === undefined
      ? undefined
      : ruleAuthoritiesOf(await readAuthorities(trusted), 'clients')
    const rules = sets.filter((set) => wordOf(set, groups, file) === undefined)
    const findings = lintRules(rules, {
      groups,
      groupsPath,
      usedGroups: textsOf(values, 'used'),
      otherGroups: textsOf(values, 'code-group'),
      authorities,
      endsWithin
    }).filter(({ kind }) => !ignored.has(kind))
    if (values['json'] === true) print(shownJson({ rules: file, findings }))
    else print(describeFindings(findings, file, endsWithin))
    return findings.length === 0 ? 0 : 1
  }
}

/** @throws UsageError for a kind that does not exist */
function readIgnored (values: Values): ReadonlySet<string> {
  const ignored = textsOf(values, 'ignore')
  const unknown = ignored.find((kind) => !(KINDS as readonly string[]).includes(kind))
  if (unknown === undefined) return new Set(ignored)
  throw new UsageError(`--ignore is ${JSON.stringify(unknown)}; expected one of ${KINDS.join(', ')}`)
}

function describeFindings (findings: readonly LintFinding[], file: string, endsWithin: number): string {
  if (findings.length === 0) return `${shown(file)}: nothing found; no rule ends within ${describeSpan(endsWithin)}\n`
  const lines = findings.map(({ kind, path, message }) => `${kind.padEnd(14)} ${shown(path)}: ${shown(message)}`)
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`
  return `${lines.join('\n')}\n${count} in ${shown(file)}\n`
}
