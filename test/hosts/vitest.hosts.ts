import { test } from 'tap'
import { readHost } from './documented.ts'
import { readExample } from './example-files.ts'
import { makeProject } from './host-project.ts'

const { files, commands: [command = ''] } = readHost('Vitest')
const project = await makeProject({ packages: ['fastify', 'undici', 'vitest'], manifest: { type: 'module' } })
project.write(files)

test('the documented test', async (t) => {
  const { code, output } = await project.run(command)
  t.equal(code, 0, output)
  t.match(output, /Tests {2}2 passed/)
})

test('examples/testing', async (t) => {
  project.write(readExample('testing'))
  const { code, output } = await project.run('cd testing\nnpm run vitest')
  t.equal(code, 0, output)
  t.match(output, /Tests {2}8 passed/)
})
