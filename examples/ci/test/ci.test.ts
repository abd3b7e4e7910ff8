import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { build } from 'esbuild'
import { test } from 'tap'
import { parse } from 'yaml'

const own = join(import.meta.dirname, '..')
const modules = join(own, '../../node_modules')
const read = (name: string): string => readFileSync(join(own, name), 'utf8')
const workflow = read('who-may-call.yml')
const { jobs } = parse(workflow) as { jobs: { rules: { steps: Array<{ run?: string }> } } }
const commands = jobs.rules.steps.flatMap(({ run }) => run === undefined ? [] : [run])

test('the workflow is one for the parser of GitHub', async (t) => {
  // The parser imports JSON as bundlers do, so it is bundled.
  const outfile = join(t.testdir({}), 'parser.cjs')
  await build({ stdin: { contents: "export * from '@actions/workflow-parser'", resolveDir: own }, bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' })
  const { NoOperationTraceWriter, parseWorkflow } = await import(outfile) as typeof import('@actions/workflow-parser')
  const problems = (content: string): string[] => {
    const { context } = parseWorkflow({ name: 'who-may-call.yml', content }, new NoOperationTraceWriter())
    return context.errors.getErrors().map(({ message }) => message)
  }
  t.strictSame(problems(workflow), [])
  t.match(problems(workflow.replace('runs-on', 'run-on')).join(), /run-on/, 'it notices a mistake')
})

test('Jenkins runs the same commands', (t) => {
  const jenkinsfile = read('Jenkinsfile')
  const steps = [...jenkinsfile.replace(/^ *post .*$/m, '').matchAll(/\bsh '([^']+)'/g)].map(([, command]) => command)
  t.strictSame(steps, commands)
  t.equal(jenkinsfile.match(/\{/g)?.length, jenkinsfile.match(/\}/g)?.length)
  t.end()
})

test('the commands pass, and fail when a rule lets somebody in', async (t) => {
  const folder = t.testdir({ bin: { npx: '#!/bin/sh\nexec "$@"\n' } })
  // npx itself takes half a second each time.
  chmodSync(join(folder, 'bin/npx'), 0o755)
  for (const name of ['rules.yaml', 'rules.test.yaml', 'certificates.sh', 'package.json', 'src']) cpSync(join(own, name), join(folder, name), { recursive: true })
  symlinkSync(modules, join(folder, 'node_modules'))
  const run = async (command: string): Promise<{ code: number | null, output: string }> => {
    const path = [join(folder, 'bin'), join(modules, '.bin'), process.env['PATH']].join(delimiter)
    const child = spawn('bash', ['-ec', command], {
      cwd: folder, env: { ...process.env, PATH: path, NODE_OPTIONS: '--conditions=@peerkit/source' }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
    const [code] = await once(child, 'close') as [number | null]
    return { code, output }
  }
  const [install, ...steps] = commands
  t.equal(install, 'npm ci', 'done for the whole repository')
  t.equal(steps.length, 4)
  for (const command of steps) {
    const { code, output } = await run(command)
    t.equal(code, 0, `${command}\n${output}`)
  }
  writeFileSync(join(folder, 'rules.yaml'), read('rules.yaml').replace('{ ou: billing }', '{ ou: [billing, interns] }'))
  const [, , rulesTest = '', calls = ''] = steps
  const tested = await run(rulesTest)
  t.equal(tested.code, 1, tested.output)
  t.match(tested.output, /mallory is allowed/)
  const called = await run(calls)
  t.equal(called.code, 1, called.output)
  t.match(called.output, /FAIL mallory, GET \/invoices: 200, expected 403/)
})
