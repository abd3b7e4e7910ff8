import { test } from 'tap'
import { internal, partner } from './support/authority-world.ts'
import { folder } from './support/folder.ts'
import { peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

const RULES = `
groups:
  billing: { ou: billing }
  all: [billing, { dns: "*.example" }]
  idle: { cn: idle }
  soon: { cn: guest, validUntil: 2999-01-01 }
defaultRules: authenticated
routes:
  GET /invoices: [all, billing, { ou: billing, cn: x }]
  GET /old: { cn: old, validUntil: 2020-01-01 }
  GET /health: public
  GET /stations/:id: { cn: { param: id } }
  GET /wrong: { cn: a, not: { cn: a } }
`

test('rules lint finds what is wrong, by kind and place, and fails', async (t) => {
  const file = folder(t, { 'rules.yaml': RULES })
  const lint = async (...args: string[]): Promise<any> => await peerkitHere('rules', 'lint', '--rules', file('rules.yaml'), ...args)
  const { code, out } = await lint('--used', 'soon', '--json')
  t.equal(code, 1)
  t.same(JSON.parse(out).findings.map(({ kind, path }: any) => `${kind} ${path}`), [
    'contradictory routes["GET /wrong"].not', 'over_broad groups.all[1].dns', 'unreachable routes["GET /invoices"][1]',
    'shadowed routes["GET /invoices"][2]', 'ended routes["GET /old"]', 'unused_group groups.idle'
  ])
  t.match((await lint('--used', 'soon')).out, /^over_broad {5}groups\.all\[1\]\.dns: "\*\.example" covers every name[^]*\n6 findings in /m)
  const ignored = ['contradictory', 'over_broad', 'unreachable', 'shadowed', 'ended'].flatMap((kind) => ['--ignore', kind])
  const left = await lint('--used', 'soon', ...ignored)
  t.match(left, { code: 1 })
  t.match(left.out, /^unused_group {3}groups\.idle: no rules name this group\n1 finding in /)
  t.match(await lint('--used', 'soon', '--used', 'idle', ...ignored), { code: 0, out: /: nothing found; no rule ends within 30 days\n$/ })
  t.match(await lint('--ignore', 'ending'), { code: 2, err: /--ignore is "ending"; expected one of invalid/ })
  t.match(await lint('--within', 'soon'), { code: 2 })
})

test('rules lint asks the authorities which names they may claim', async (t) => {
  const file = folder(t, {
    'rules.json': JSON.stringify([{ ou: 'shop' }, { ou: 'ops', authority: 'internal' }]),
    'internal.pem': internal.root,
    'partner.pem': partner.root,
    'authorities.json': JSON.stringify({
      internal: { ca: 'internal.pem', names: 'any' }, partner: { ca: 'partner.pem', names: { subject: 'any' } }
    })
  })
  t.match(await peerkitHere('rules', 'lint', '--rules', file('rules.json'), '--authorities', file('authorities.json')), {
    code: 1, out: /^several_authorities rules\[0\]: matches ou only, which authorities internal and partner may both claim/
  })
  t.equal((await peerkitHere('rules', 'lint', '--rules', file('rules.json'))).code, 0)
})

test('rules lint takes the groups of the code', async (t) => {
  const file = folder(t, { 'rules.yaml': 'groups: { a: [{ cn: a }, admins] }\ndefaultRules: [a, staff]\n' })
  const lint = (...args: string[]): Promise<Run> => peerkitHere('rules', 'lint', '--rules', file('rules.yaml'), ...args)
  t.match(await lint(), { code: 1, out: /^invalid {8}groups\.a\[1\]: .*found "admins"/ })
  t.match(await lint('--code-group', 'admins', '--code-group', 'staff'), { code: 0, out: /nothing found/ })
  t.match(await lint('--code-group', 'a', '--code-group', 'admins', '--code-group', 'staff'), {
    code: 1, out: /^invalid {8}groups\.a: this group is also defined elsewhere; expected it in one place/
  })
})

test('rules lint refuses files that are none', async (t) => {
  const file = folder(t, { 'rules.yaml': 'routes: { GET /: [public, { cn: a }] }', 'text.yaml': 'hello' })
  t.match(await peerkitHere('rules', 'lint', '--rules', file('rules.yaml')), { code: 2, err: /found "public" among other rules/ })
  t.match(await peerkitHere('rules', 'lint', '--rules', file('text.yaml')), { code: 2 })
  t.match(await peerkitHere('rules', 'lint'), { code: 2, err: /--rules is missing/ })
})
