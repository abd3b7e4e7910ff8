import { test } from 'tap'
import { readHost } from './documented.ts'
import { readExample } from './example-files.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [command = ''] } = readHost('Jest')
const { files: vitest } = readHost('Vitest')
const project = await makeProject({ packages: ['fastify', 'jest', 'undici'] })
const manifest = (type: string): string => JSON.stringify({ type, jest: { testMatch: ['**/*.test.*'] } })
const { 'app.js': app = '', 'app.test.js': tests = '' } = vitest
project.write({ 'esm/package.json': manifest('module'), 'esm/app.js': app, 'esm/app.test.js': tests.replace(/^import .* from 'vitest'\n/m, '') })
project.write({ 'cjs/package.json': manifest('commonjs'), 'cjs/app.test.cjs': files['app.test.cjs'] ?? '' })

test('ES modules: the test of Vitest, without its import', async (t) => {
  const { code, output } = await project.run(`cd esm\n${command}`)
  t.equal(code, 0, 'it passes')
  t.match(output, /Tests: +2 passed, 2 total/)
})

test('examples/testing', async (t) => {
  project.write(readExample('testing'))
  const { code, output } = await project.run('cd testing\nnpm run jest')
  t.equal(code, 0, output)
  t.match(output, /Tests: +8 passed, 8 total/)
})

test('CommonJS: the documented test', async (t) => {
  const { code, output } = await project.run(`cd cjs\n${command}`)
  t.equal(code, 0, 'it passes')
  t.match(output, /Tests: +1 passed, 1 total/)
})

test('CommonJS without the flag: Jest says what is missing', async (t) => {
  const { code, output } = await project.run(`cd cjs\n${command.replace(/^NODE_OPTIONS=\S+ /, '')}`)
  t.not(code, 0)
  t.match(output, /Must use import to load ES Module: .*@peerkit\/credentials/)
})
