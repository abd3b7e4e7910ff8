import { readFileSync } from 'node:fs'
import { attributeTypeNames } from '@peerkit/identity'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import { buildSchema } from '../scripts/build-schema.ts'
import { SPELLINGS } from '../src/language/rule-keys.ts'
import { GROUPS, INVALID, VALID } from './cases.ts'

const schema = JSON.parse(readFileSync(new URL('../schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
const validate = ajv.compile(schema)

test('the schema accepts every valid rule set', async (t) => {
  for (const { name, rules } of VALID) t.ok(validate(rules), `${name}: ${ajv.errorsText(validate.errors)}`)
})

test('the schema refuses every invalid rule set, except where only the compiler can tell', async (t) => {
  for (const { name, rules, semantic } of INVALID) t.equal(validate(rules), semantic === true, name)
})

test('the schema describes groups', async (t) => {
  const groups = ajv.compile({ $ref: `${schema.$id}#/$defs/groups` })
  t.ok(groups(GROUPS))
  t.ok(groups({}))
  for (const wrong of [{ '': { cn: 'a' } }, { a: '' }, { a: [] }, { a: {} }, { a: null }, { a: { uo: 'b' } }]) {
    t.notOk(groups(wrong), JSON.stringify(wrong))
  }
})

test('the schema knows the keys that the validator knows', async (t) => {
  const { certificateKeys, peerKeys, rule } = schema.$defs
  t.same(
    [certificateKeys, peerKeys, rule].flatMap(({ properties }) => Object.keys(properties)).sort(),
    [...SPELLINGS.keys()].sort()
  )
})

test('the schema and the types know the attribute names that @peerkit/identity knows', async (t) => {
  t.same(schema, buildSchema(), 'npm run schema writes it anew')
  const types = readFileSync(new URL('../src/language/allow-rule.ts', import.meta.url), 'utf8')
  const union = types.slice(types.indexOf('export type AttributeName ='), types.indexOf('export type NameAttributes'))
  t.same((union.match(/(?<=')\w+(?=')/g) ?? []).sort(), attributeTypeNames().sort())
})

test('the schema is published with the package', async (t) => {
  t.equal(import.meta.resolve('@peerkit/rules/schema.json'), new URL('../schema.json', import.meta.url).href)
  t.ok(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).files.includes('schema.json'))
})
