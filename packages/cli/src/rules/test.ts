import { readAuthorities, ruleAuthoritiesOf } from '../authorities/read-authorities.ts'
import { textOf } from '../command.ts'
import type { Command } from '../command.ts'
import { chooseSets, explainSet, readRulesFile } from '../explain/rules-file.ts'
import type { Outcome } from '../explain/rules-file.ts'
import { shown, shownJson } from '../output.ts'
import { readRulesTests } from './test-file.ts'

export const rulesTest: Command = {
  name: 'rules test',
  summary: 'check a table of peers, routes and expected answers against rules',
  options: {
    rules: {
      type: 'string',
      help: 'YAML or JSON: the rules file of fastify-allowed-clients, { rules, groups }, or an array of rules',
      required: true
    },
    tests: { type: 'string', help: 'YAML or JSON: { peers, tests }, see the README', required: true },
    authorities: { type: 'string', help: 'JSON file of authorities (see trust check) that the rules may name' },
    json: { type: 'boolean', help: 'the results as JSON' }
  },
  notes: [
    'Rules and groups in code are not asked, and neither are functions.',
    'Exit code: 0 every answer is the expected one; 1 another answer; 2 a wrong command line or file.', '',
    '  peerkit rules test --rules rules.yaml --tests rules.test.yaml'
  ],
  run: async (values, print) => {
    const [file, tests] = [textOf(values, 'rules') ?? '', textOf(values, 'tests') ?? '']
    const trusted = textOf(values, 'authorities')
    const authorities = trusted === undefined
      ? undefined
      : ruleAuthoritiesOf(await readAuthorities(trusted), 'clients')
    const rulesFile = await readRulesFile(file)
    const table = await readRulesTests(tests)
    const results = table.tests.flatMap(({ path, route, request, at, expected }): readonly Result[] => {
      const { sets, note } = chooseSets(rulesFile, route, file)
      return [...expected].map(([peer, isExpected]): Result => {
        const question = { authorities, file, request, at, mayBeAnonymous: true }
        const outcomes = sets.map((set) => explainSet(set, rulesFile, table.peers.get(peer), question))
        const isAllowed = outcomes.every((outcome) => outcome.isAllowed)
        return { path, route, peer, isExpected, isAllowed, note, outcomes }
      })
    })
    const failed = results.filter(({ isAllowed, isExpected }) => isAllowed !== isExpected)
    print(values['json'] === true ? shownJson(describeAsData(results)) : describe(results, failed))
    return failed.length === 0 ? 0 : 1
  }
}

/** The answer to one peer. */
interface Result {
  readonly path: string
  readonly route: string | undefined
  readonly peer: string
  readonly isExpected: boolean
  readonly isAllowed: boolean
  readonly note: string | undefined
  readonly outcomes: readonly Outcome[]
}

function wordOfAnswer (isAllowed: boolean): string { return isAllowed ? 'allowed' : 'denied' }

function describe (results: readonly Result[], failed: readonly Result[]): string {
  const lines = results.flatMap((result) => {
    const { path, route, peer, isExpected, isAllowed, note } = result
    const isGood = isAllowed === isExpected
    const what = `${route === undefined ? path : `${path} ${route}`}: ${peer} is ${wordOfAnswer(isAllowed)}`
    if (isGood) return [`ok      ${shown(what)}`]
    const why = [...note === undefined ? [] : [note], ...explain(result)].map((line) => `          ${shown(line)}`)
    return [`not ok  ${shown(what)}, expected ${wordOfAnswer(isExpected)}`, ...why]
  })
  const count = `${results.length - failed.length} of ${results.length} answers as expected`
  return `${lines.join('\n')}\n${count}\n`
}

/** Why the rules gave another answer. */
function explain ({ outcomes }: Result): readonly string[] {
  return outcomes.flatMap(({ explanation, word, isAllowed }) => {
    if (explanation !== undefined) return String(explanation).split('\n')
    return [`${isAllowed ? 'allowed' : 'not allowed'} by "${word ?? ''}"`]
  })
}

function describeAsData (results: readonly Result[]): object {
  const isPassed = results.every(({ isAllowed, isExpected }) => isAllowed === isExpected)
  return {
    passed: isPassed,
    results: results.map((result) => {
      const { path, route, peer, isExpected, isAllowed, note } = result
      const isGood = isAllowed === isExpected
      const answer = { path, route, peer, expected: wordOfAnswer(isExpected), answer: wordOfAnswer(isAllowed) }
      return isGood ? answer : { ...answer, note, explanation: explain(result) }
    })
  }
}
