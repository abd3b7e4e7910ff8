// The types of every package, and a server, under the settings of the table in docs/hosts.md.
import { test } from 'tap'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { publicEntryPoints } from './entry-points.ts'
import { makeProject } from './host-project.ts'

interface Setting { readonly name: string, readonly type: 'module' | 'commonjs', readonly options: string, readonly tsc?: string }

const { files } = readHost('TypeScript')
const every = publicEntryPoints().map((entry, index) => `import * as m${index} from '${entry}'\nexport { m${index} }`).join('\n')
const COMMON = '--strict --esModuleInterop --target es2023 --types node --outDir dist'
const NODE10 = '--module commonjs --moduleResolution node10'
const TYPESCRIPT5 = 'node node_modules/typescript5/bin/tsc'
const project = await makeProject({ packages: ['fastify', 'undici', '@types/node', 'typescript', 'typescript5'] })
project.write({ ...files, 'every.ts': every })

async function setType (type: Setting['type']): Promise<void> {
  await project.run(`npm pkg set type=${type}`)
}

/** Each of them finds types by other rules. */
const whole: readonly Setting[] = [
  { name: 'ES modules, node16', type: 'module', options: '--module node16' },
  { name: 'CommonJS, nodenext', type: 'commonjs', options: '--module nodenext' },
  { name: 'CommonJS, node10', type: 'commonjs', options: `${NODE10} --ignoreDeprecations 6.0` }
]
for (const { name, type, options } of whole) {
  test(`${name}: types of every package and of what they import, and a server that runs`, async (t) => {
    await setType(type)
    const { code, output } = await project.run(`tsc ${COMMON} --skipLibCheck false ${options} every.ts server.ts`)
    t.equal(code, 0, output)
    const server = await project.serve('node dist/server.js')
    t.teardown(server.stop)
    await checkServer(t, project, server)
  })
}

const further: readonly Setting[] = [
  { name: 'ES modules, nodenext', type: 'module', options: '--module nodenext' },
  { name: 'ES modules, bundler', type: 'module', options: '--module preserve --moduleResolution bundler' },
  { name: 'CommonJS, node20', type: 'commonjs', options: '--module node20' },
  { name: 'CommonJS, nodenext, TypeScript 5', type: 'commonjs', options: '--module nodenext', tsc: TYPESCRIPT5 },
  { name: 'CommonJS, node10, TypeScript 5', type: 'commonjs', options: NODE10, tsc: TYPESCRIPT5 }
]
for (const { name, type, options, tsc = 'tsc' } of further) {
  test(`${name}: every package and a server compile`, async (t) => {
    await setType(type)
    const { code, output } = await project.run(`${tsc} ${COMMON} --skipLibCheck --noEmit ${options} every.ts server.ts`)
    t.equal(code, 0, output)
  })
}

test('CommonJS with node16: TypeScript refuses import, and takes import()', async (t) => {
  await setType('commonjs')
  const refused = await project.run(`tsc ${COMMON} --skipLibCheck false --module node16 --noEmit every.ts`)
  t.not(refused.code, 0)
  const errors = refused.output.split('\n').filter((line) => /error TS/.test(line))
  t.equal(errors.length, publicEntryPoints().length)
  t.ok(errors.every((line) => /^every\.ts.*error TS1479: .*Consider writing a dynamic 'import\("@peerkit\//.test(line)), 'the imports alone')
  project.write({ 'dynamic.ts': "export async function load () { const { withMtls } = await import('@peerkit/fastify-mtls'); return withMtls }\n" })
  const taken = await project.run(`tsc ${COMMON} --skipLibCheck --module node16 --noEmit dynamic.ts`)
  t.equal(taken.code, 0, taken.output)
})
