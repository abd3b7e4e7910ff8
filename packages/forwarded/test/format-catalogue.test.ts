import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'tap'
import { FORMATS, PRESETS, findOtherHeaders } from '../src/reader/format-catalogue.ts'
import { writers } from './support/writers.ts'

test('every file of src/formats is a format of the catalogue', async (t) => {
  const files = readdirSync(new URL('../src/formats', import.meta.url)).map((name) => name.replace(/\.ts$/, ''))
  t.same(files.sort(), [...FORMATS].sort())
})

test('every format that forwards a certificate has a writer, so that all tests of formats run for it', async (t) => {
  const written = new Set<string>(writers.map(({ options }) => options.format))
  // What linkerd forwards is no certificate. It has tests of its own.
  t.same(FORMATS.filter((format) => !written.has(format)), ['linkerd'])
})

test('the README describes every format', async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const headings = readme.match(/^### .*$/gm)?.join('\n') ?? ''
  for (const format of FORMATS) t.match(headings, `\`${format}\``)
})

test('headers that identify the client are written in lower case, as they are compared', async (t) => {
  for (const [name, { headers, identifying = [], unread = [] }] of Object.entries(PRESETS)) {
    const names = [...Object.values(headers), ...identifying, ...unread]
    t.same(names, names.map((header) => header.toLowerCase()), name)
  }
})

test('the headers that a reader looks for fit into the bits of a number, which tell repeated ones', async (t) => {
  for (const [name, format] of Object.entries(PRESETS)) {
    t.ok(Object.keys(format.headers).length + findOtherHeaders(format, []).length <= 31, name)
  }
})
