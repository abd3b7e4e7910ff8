// What importing the packages costs, as they are published. Needs `npm run build`.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'

const execute = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const METRICS: readonly Metric[] = [
  { key: 'cpu', title: 'ms of CPU time', digits: 1, ratio: true },
  { key: 'beside', title: 'beside Fastify', digits: 1 },
]
const SERVER = ['@peerkit/credentials', '@peerkit/fastify-mtls', '@peerkit/fastify-allowed-clients']
const EACH = [
  'identity', 'rules', 'events', 'revocation', 'trust', 'credentials', 'undici-mtls', 'fastify-mtls-client',
  'mtls-monitor', 'fastify-mtls-console'
]

export const run: Run = async ({ quick, rounds }) => {
  if (!existsSync(join(ROOT, 'packages/fastify-mtls/dist/index.js'))) {
    throw new Error('dist is missing; run npm run build first')
  }
  const contenders = [
    { name: 'Fastify', measure: async () => await importFor([]) },
    { name: 'and credentials, fastify-mtls, fastify-allowed-clients', measure: async () => await importFor(SERVER) },
    ...EACH.map((name) => ({ name: `and ${name}`, measure: async () => await importFor([`@peerkit/${name}`]) }))
  ]
  return [await compare('Importing packages', METRICS, contenders, quick ? 1 : 2 * rounds)]
}

/** CPU time of importing Fastify and then some packages, in a process of its own. */
async function importFor (packages: readonly string[]): Promise<{ cpu: number, beside: number }> {
  const script = `
    const start = process.cpuUsage()
    await import('fastify')
    const fastify = process.cpuUsage(start)
    for (const name of ${JSON.stringify(packages)}) await import(name)
    const all = process.cpuUsage(start)
    const sum = ({ user, system }) => (user + system) / 1000
    console.log(JSON.stringify({ cpu: sum(all), beside: sum(all) - sum(fastify) }))`
  // Without the condition that finds the sources: what is measured is dist.
  const env = { ...process.env, NODE_OPTIONS: '' }
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, env })
  return JSON.parse(stdout)
}
