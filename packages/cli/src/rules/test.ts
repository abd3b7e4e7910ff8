import type { Verdict } from '@peerkit/rules'
import { ruleAuthoritiesOf } from '../authorities/read-authorities.ts'
import { textOf } from '../command.ts'
import type { Command } from '../command.ts'
import { chooseSets, explainSet, readRulesFile } from '../explain/rules-file.ts'
import type { Outcome } from '../explain/rules-file.ts'
import { shown, shownJson } from '../output.ts'
import { askTrust, readTrusted } from '../trust/trust-question.ts'
import { readRulesTests } from './test-file.ts'
import type { Answer } from './test-file.ts'

export const rulesTest: Command = {
  name: 'rules test',
  summary: 'check a table of peers, routes and expected answers against rules',
  options: {
    rules: {
      type: 'string',
      help: 'YAML or JSON: the rules file of fastify-allowed-clients, { rules, groups }, or an array of rules',
      required: true
    },
    tests: { type: 'string', help: 'YAML or JSON: { peers, codeGroups?, tests }, see the README', required: true },
    authorities: { type: 'string', help: 'JSON file of authorities (see trust check) that the rules may name' },
    quiet: { type: 'boolean', help: 'print only answers that are not as expected, and the count' },
    json: { type: 'boolean', help: 'the results as JSON' }
  },
  notes: [
    'Rules and functions in code are not asked. For a group in code, the tests say who is in it: codeGroups.',
    'The answer is allowed, denied, or undecided: denied because the authority, a field or a value of the request is',
    'not known. With --authorities a certificate with its chain gets the authority that vouches for it.',
    'Exit code: 0 every answer is the expected one; 1 another answer; 2 a wrong command line or file.', '',
    '  peerkit rules test --rules rules.yaml --tests rules.test.yaml'
  ],
  run: async (values, print) => {
    const [file, tests] = [textOf(values, 'rules') ?? '', textOf(values, 'tests') ?? '']
    const trusted = textOf(values, 'authorities')
    const asked = trusted === undefined ? undefined : await readTrusted(trusted, 'client')
    const authorities = asked && ruleAuthoritiesOf(asked.authorities, 'clients')
    const rulesFile = await readRulesFile(file)
    const table = await readRulesTests(tests, asked && (async (chain) => {
      const { decision } = await askTrust({ chain, trusted: asked, purpose: 'client', at: Date.now() })
      return decision.accepted ? decision.peer : 'refused'
    }))
    const results = table.tests.flatMap(({ path, route, request, at, expected: answers }): readonly Result[] => {
      const { sets, note } = chooseSets(rulesFile, route, file)
      return [...answers].map(([peer, expected]): Result => {
        const membership = [...table.codeGroups].map(([name, members]) => [name, members.includes(peer)] as const)
        const codeGroups = new Map(membership)
        const question = { authorities, file, request, at, mayBeAnonymous: true, codeGroups }
        const known = table.peers.get(peer)
        if (known === 'refused') return { path, route, peer, expected, answer: 'denied', note: REFUSED, outcomes: [] }
        const outcomes = sets.map((set) => explainSet(set, rulesFile, known === 'none' ? undefined : known, question))
        return { path, route, peer, expected, answer: answerOf(outcomes), note, outcomes }
      })
    })
    const failed = results.filter(({ answer, expected }) => answer !== expected)
    const listed = values['quiet'] === true ? failed : results
    if (values['json'] === true) print(shownJson(describeAsData(results)))
    else print(describe(listed, failed.length, results.length))
    return failed.length === 0 ? 0 : 1
  }
}

const REFUSED = 'no authority accepts the certificate, so the handshake fails; "peerkit trust check" says why'

/** The answer to one peer. */
interface Result {
  readonly path: string
  readonly route: string | undefined
  readonly peer: string
  readonly expected: Answer
  readonly answer: Answer
  readonly note: string | undefined
  readonly outcomes: readonly Outcome[]
}

/**
 * The answer of all sets together. `undecided` is a denial because something of the certificate or of the request is
 * not known. A test that expects `denied` must not pass for that reason alone.
 */
function answerOf (outcomes: readonly Outcome[]): Answer {
  const refused = outcomes.filter(({ isAllowed }) => !isAllowed)
  if (refused.length === 0) return 'allowed'
  return refused.every(({ explanation }) => isUndecided(explanation?.verdict)) ? 'undecided' : 'denied'
}

function isUndecided (verdict: Verdict | undefined): boolean {
  return verdict?.allowed === false && verdict.reason.startsWith('incomplete_')
}

function describe (listed: readonly Result[], failed: number, all: number): string {
  const lines = listed.flatMap((result) => {
    const { path, route, peer, expected, answer, note } = result
    const what = `${route === undefined ? path : `${path} ${route}`}: ${peer} is ${answer}`
    if (answer === expected) return [`ok      ${shown(what)}`]
    const why = [...note === undefined ? [] : [note], ...explain(result)].map((line) => `          ${shown(line)}`)
    return [`not ok  ${shown(what)}, expected ${expected}`, ...why]
  })
  return [...lines, `${all - failed} of ${all} answers as expected`, ''].join('\n')
}

/** Why the rules gave another answer. */
function explain ({ outcomes }: Result): readonly string[] {
  return outcomes.flatMap(({ explanation, word, isAllowed }) => {
    if (isAllowed && explanation?.verdict.allowed === false) return ['allowed by a group of the code (codeGroups)']
    if (explanation !== undefined) return String(explanation).split('\n')
    return [`${isAllowed ? 'allowed' : 'not allowed'} by "${word ?? ''}"`]
  })
}

function describeAsData (results: readonly Result[]): object {
  const isPassed = results.every(({ answer, expected }) => answer === expected)
  return {
    passed: isPassed,
    results: results.map((result) => {
      const { path, route, peer, expected, answer, note } = result
      const row = { path, route, peer, expected, answer }
      return answer === expected ? row : { ...row, note, explanation: explain(result) }
    })
  }
}
