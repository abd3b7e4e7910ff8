import { test } from 'tap'
import type { Test } from 'tap'
import { INTERNAL, PARTNER, UPSTREAM, authorityFolder } from './support/authority-world.ts'
import { peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

type Explain = (cert: string, rules: unknown, ...args: readonly string[]) => Promise<Run>

/** Runs `explain` with these rules; `AUTHORITIES` among the arguments stands for the file of authorities. */
function explain (t: Test): Explain {
  const authorities = { internal: INTERNAL, partner: PARTNER, upstream: UPSTREAM }
  return async (cert, rules, ...args) => {
    const file = authorityFolder(t, authorities, { 'rules.json': JSON.stringify(rules) })
    const given = args.flatMap((arg) => arg === 'AUTHORITIES' ? ['--authorities', file('authorities.json')] : [arg])
    return await peerkitHere('explain', '--cert', file(cert), '--rules', file('rules.json'), ...given)
  }
}

const SHOP = { ou: 'shop', authority: 'internal' }
const SPIFFE = { spiffe: 'spiffe://partner.example/*', authority: 'partner' }

test('without an authority the key is unknown, and the note says how to say it', async (t) => {
  const run = explain(t)
  const { code, out } = await run('own.pem', [SHOP])
  t.equal(code, 1)
  t.match(out, /not allowed by the rules: incomplete_identity\n[^]*authority: expected .*internal.*, found unknown/)
  t.match(
    out,
    /note: the authority is not known: give it with --authority NAME, .*--authorities authorities\.json/
  )
  t.match(JSON.parse((await run('own.pem', [SHOP], '--json')).out).hint, /--authority NAME/)
  const others = [{ cn: 'orders', not: { authority: 'partner' } }]
  t.match((await run('own.pem', others)).out, /\nnote: the authority is not known/)
  const unasked = [{ ou: 'shop' }, { ou: 'other' }, { cn: 'orders', not: { ou: 'shop' } }, { via: { authority: 'x' } }]
  for (const rule of unasked) {
    t.notMatch((await run('own.pem', [rule])).out, /note/)
  }
})

test('--authority says who vouches', async (t) => {
  const run = explain(t)
  const allowed = await run('own.pem', [SHOP], '--authority', 'internal')
  t.match(allowed, {
    code: 0,
    out: /allowed by rule 0[^]*authority: internal \(by --authority; the chain was not checked\)\n/
  })
  const other = await run('own.pem', [SHOP], '--authority', 'partner')
  t.match(other, { code: 1, out: /no_match[^]*authority: expected .*internal.*, found "partner"/ })
  t.notMatch(other.out, /note/)
  const data = JSON.parse((await run('own.pem', [SHOP], '--authority', 'internal', '--json')).out)
  t.match(data.verdict, { allowed: true, rule: 0 })
  t.same(data.authority, { name: 'internal', basis: 'option', notBelieved: [] })
})

test('--authorities: the chain says who vouches, and rules see what it vouches for', async (t) => {
  const run = explain(t)
  const allowed = await run('shop.pem', [SHOP, SPIFFE], 'AUTHORITIES')
  t.match(allowed, {
    code: 0,
    err: '',
    out: /allowed by rule 1\n[^]*authority: partner \(by its chain\)\nnot believed: subject, dns, /
  })
  const claimed = await run('shop.pem', [{ ou: 'shop' }], 'AUTHORITIES')
  t.match(claimed, {
    code: 1,
    out: /incomplete_identity[^]*claims "shop" \(not believed: authority "partner" vouches for spiffe only\)/
  })
  t.match(await run('own.pem', [{ ou: 'shop' }], 'AUTHORITIES'), {
    code: 0,
    out: /authority: internal \(by its chain\)\n$/
  })
  const data = JSON.parse((await run('shop.pem', [SPIFFE], 'AUTHORITIES', '--json')).out)
  t.equal(data.verdict.allowed, true)
  t.match(data.authority, { name: 'partner', basis: 'chain', notBelieved: ['subject', 'dns'] })
  t.match(await run('api.pem', [{ dns: 'api.upstream.example' }], 'AUTHORITIES', '--purpose', 'server'), {
    code: 0,
    out: /authority: upstream/
  })
})

test('a certificate that no authority accepts comes to no rule', async (t) => {
  const run = explain(t)
  const { code, out } = await run('astray.pem', [{ cn: 'x' }], 'AUTHORITIES')
  t.equal(code, 1)
  t.match(
    out,
    /^not allowed: the certificate is refused \(outside_authority\) before any rule is checked\n +step +outside_auth/
  )
  t.match(out, /partner: outside_authority, spiffe [^]*what to do/)
  const data = JSON.parse((await run('astray.pem', [{ cn: 'x' }], 'AUTHORITIES', '--json')).out)
  t.match(data, {
    verdict: { allowed: false, reason: 'no_identity' },
    chain: {
      accepted: false,
      reason: 'outside_authority',
      authorities: [{ name: 'internal' }, { outside: { kind: 'spiffe' } }, { asked: false }]
    }
  })
})

test('wrong options and rules end with 2', async (t) => {
  const run = explain(t)
  const wrong: ReadonlyArray<readonly [rules: unknown, args: readonly string[], message: RegExp]> = [
    [[SHOP], ['--authority', 'a b'], /--authority: found "a b"; expected a name of at most 255/],
    [
      [SHOP], ['--authority', 'internal', 'AUTHORITIES'],
      /found --authority with --authorities; expected one of them/
    ],
    [[SHOP], ['--purpose', 'server'], /found --purpose without --authorities; expected both/],
    [[SHOP], ['AUTHORITIES', '--purpose', 'all'], /--purpose is "all"; expected client, server or any/],
    [[{ ou: 'shop', authority: 'partnr' }], ['AUTHORITIES'], /--rules .*rules\.json: .*rules\[0\]\.authority.*partnr/],
    [[{ ou: 'shop', authority: 'partner' }], ['AUTHORITIES'], /--rules .*rules\.json: .*rules\[0\]/],
    [[{ dns: 'a.example', authority: 'upstream' }], ['AUTHORITIES'], /--rules .*upstream/]
  ]
  for (const [rules, args, message] of wrong) {
    t.match(await run('own.pem', rules, ...args), { code: 2, out: '', err: message }, args.join(' '))
  }
})
