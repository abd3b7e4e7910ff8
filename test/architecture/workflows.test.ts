// The workflows of .github call the same steps as .ci/run, with few rights and with known actions.
import { accessSync, constants, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse } from 'yaml'
import { root } from './source-graph.ts'

interface Step { readonly uses?: string, readonly run?: string, readonly with?: Record<string, unknown> }
interface Job { readonly uses?: string, readonly steps?: readonly Step[], readonly permissions?: Record<string, string>, readonly strategy?: { readonly matrix: Record<string, readonly string[]> } }
interface Workflow { readonly permissions: Record<string, string>, readonly jobs: Record<string, Job> }

const folder = join(root, '.github/workflows')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const steps = readdirSync(join(root, '.ci/steps'))
const OWN_STEP = /\.ci\/steps\/([a-z-]+)/g

/** Rights beyond reading the source, by workflow and job. */
const RIGHTS: Readonly<Record<string, Record<string, string>>> = {
  'release.yml publish': { contents: 'read', 'id-token': 'write' },
  'release.yml announce': { contents: 'write' }
}

test('every step can be run, and fails at its first failure', async (t) => {
  t.ok(steps.length > 5)
  for (const step of steps) {
    accessSync(join(root, '.ci/steps', step), constants.X_OK)
    t.match(read(`.ci/steps/${step}`), '. "$(dirname "$0")/../settings.sh"', step)
  }
  t.match(read('.ci/settings.sh'), /^set -euo pipefail$/m)
})

test('.ci/run calls steps that there are', async (t) => {
  const called = [...read('.ci/run').matchAll(OWN_STEP)].map(([, step = '']) => step)
  t.ok(called.length > 5)
  t.same(called.filter((step) => !steps.includes(step)), [])
})

test('CONTRIBUTING.md or RELEASING.md says what each step is for', async (t) => {
  const text = read('CONTRIBUTING.md') + read('RELEASING.md')
  for (const step of steps) t.match(text, new RegExp(`\\.ci/steps/${step}\\b(?!-)`), step)
})

for (const file of readdirSync(folder)) {
  const workflow: Workflow = parse(readFileSync(join(folder, file), 'utf8'))

  test(`${file} says which version each commit of an action is`, async (t) => {
    const pins = [...read(`.github/workflows/${file}`).matchAll(/uses: actions\/.*/g)].map(([line]) => line)
    for (const pin of pins) t.match(pin, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, pin)
  })

  test(`${file} may read the source, and more only where this test says so`, async (t) => {
    t.same(workflow.permissions, { contents: 'read' })
    for (const [name, job] of Object.entries(workflow.jobs)) t.same(job.permissions, RIGHTS[`${file} ${name}`], name)
  })

  for (const [name, job] of Object.entries(workflow.jobs)) {
    test(`${file} ${name} uses known actions, and the steps of .ci`, async (t) => {
      if (job.uses !== undefined) {
        const [, called = ''] = /^\.\/\.github\/workflows\/([a-z]+\.yml)$/.exec(job.uses) ?? []
        t.ok(readdirSync(folder).includes(called), job.uses)
        return
      }
      const { steps: list = [], strategy } = job
      t.ok(list.length > 0)
      for (const { uses, run, with: options } of list) {
        if (uses !== undefined) t.match(uses, /^actions\/[a-z-]+(\/[a-z-]+)?@[0-9a-f]{40}$/, 'an action of GitHub, by its commit')
        if (uses?.startsWith('actions/checkout') === true) t.equal(options?.['persist-credentials'], false, 'no token stays in the working copy')
        if (run === undefined) continue
        t.notMatch(run, /\$\{\{/, 'what others wrote comes by the environment, not into a command')
        for (const [, step = ''] of run.matchAll(OWN_STEP)) t.ok(steps.includes(step), step)
      }
      for (const step of strategy?.matrix['step'] ?? []) t.ok(steps.includes(step), step)
    })
  }
}
