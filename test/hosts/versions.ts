import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/**
 * The hosts, in the versions that the tests use. What the repository itself depends on comes from its package.json.
 * `package 12` is another version of a package.
 */
const versions: Readonly<Record<string, string>> = {
  ...JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies,
  '@fastify/autoload': '6.5.0',
  '@nestjs/common': '11.2.8',
  '@nestjs/core': '11.2.8',
  '@nestjs/platform-fastify': '11.2.8',
  '@nestjs/common 12': '12.5.1',
  '@nestjs/core 12': '12.5.1',
  '@nestjs/platform-fastify 12': '12.5.0',
  bun: '1.4.5',
  deno: '2.9.6',
  esbuild: '0.28.2',
  'fastify-cli': '8.0.2',
  'fastify-plugin': '6.0.1',
  jest: '30.5.2',
  node: '26.10.0',
  rxjs: '7.8.2',
  typescript5: 'npm:typescript@5.9.3',
  vitest: '5.1.2'
}

/** A package as `npm install` takes it: `fastify@5.12.8`, `@nestjs/core@12.5.1` for `@nestjs/core 12`. */
export function pin (name: string): string {
  const version = versions[name]
  if (version === undefined) throw new Error(`test/hosts/versions.ts has no version of ${name}`)
  return `${name.split(' ')[0] ?? name}@${version}`
}
