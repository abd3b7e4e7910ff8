import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'
import { data, failure, token } from './fake-vault.ts'
import type { Reply } from './fake-vault.ts'
import { ask, issueFrom, SECRET_ID, startWorld } from './world.ts'

const LOGIN = 'auth/approle/login'
const RENEW = 'auth/token/renew-self'
const ISSUE = 'pki/issue/ledger'

test('one login serves several calls that start together, and later ones', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const one = issuer()
  await Promise.all([ask(one), ask(one), ask(one)])
  await ask(one)
  t.equal(vault.calls(LOGIN).length, 1)
  t.same(vault.calls(LOGIN)[0]?.body, { role_id: 'role-id', secret_id: SECRET_ID })
  t.same(vault.calls(ISSUE).map(({ token: used }) => used), Array(4).fill('s.login-1'))
})

test('a token is renewed after two thirds of its life, and again', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  const one = issuer()
  await ask(one)
  for (let turn = 1; turn <= 3; turn += 1) {
    const renewed = vault.next(RENEW)
    clock.advance(2_400_000)
    await renewed
    t.ok(await isSoon(() => clock.waiting > 0), 'the next renewal is planned')
  }
  await ask(one)
  t.equal(vault.calls(LOGIN).length, 1)
  t.same(vault.calls(RENEW).map(({ token: used }) => used), Array(3).fill('s.login-1'))
})

test('a token that cannot be renewed any more is replaced by a login, when one is needed', async (t) => {
  const cases: ReadonlyArray<readonly [string, () => Reply | undefined, number]> = [
    ['its policy denies it', () => failure(403, 'permission denied'), 2_400_000],
    ['it is at its longest life', () => token('s.login-1', 1200), 3_600_000],
    ['the answer is not of the API', () => ({ text: '<html>' }), 3_600_000],
    ['there is no answer', () => undefined, 3_600_000]
  ]
  for (const [name, renew, wait] of cases) {
    const { vault, issuer, clock } = await startWorld(t)
    vault.on(RENEW, renew)
    const one = issuer()
    await ask(one)
    const asked = vault.next(RENEW)
    clock.advance(2_400_000)
    await asked
    clock.advance(wait - 2_400_000)
    // The answer to the renewal arrives in its own time.
    for (let turn = 0; turn < 100 && vault.calls(LOGIN).length < 2; turn += 1) await ask(one)
    t.equal(vault.calls(ISSUE).at(-1)?.token, 's.login-2', name)
    t.equal(vault.calls(LOGIN).length, 2, name)
  }
})

test('a renewal that finds OpenBao away is tried again before the token ends', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  vault.on(RENEW, () => failure(503, 'Vault is sealed'))
  const one = issuer()
  await ask(one)
  for (let turn = 0; turn < 3; turn += 1) {
    const asked = vault.next(RENEW)
    clock.advance(turn === 0 ? 2_400_000 : 400_000)
    await asked
    t.ok(await isSoon(() => clock.waiting > 0))
  }
  vault.on(RENEW, () => token('s.login-1'))
  const asked = vault.next(RENEW)
  clock.advance(200_000)
  await asked
  await ask(one)
  t.equal(vault.calls(LOGIN).length, 1)
})

test('a token that has ended is not used, whether a timer ran or not', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  vault.on(LOGIN, () => token(`s.short-${vault.calls(LOGIN).length}`, 60, false))
  const one = issuer()
  await ask(one)
  clock.advance(55_000)
  await ask(one)
  t.same(vault.calls(ISSUE).map(({ token: used }) => used), ['s.short-1', 's.short-2'])
  t.equal(vault.calls(RENEW).length, 0)
})

test('a 403 logs in again, once', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const one = issuer()
  await ask(one)
  const allowed = new Set(['s.login-2'])
  const world = vault.calls(ISSUE).length
  let denied = 0
  const serve = async (used: string | undefined): Promise<Reply> => {
    if (allowed.has(String(used))) return data({ certificate: 'garbage' })
    denied += 1
    return failure(403, 'permission denied')
  }
  vault.on(ISSUE, async ({ token: used }) => await serve(used))
  t.match(await rejection(ask(one)), { reason: 'answer' }, 'the second token was taken')
  t.equal(denied, 1)
  allowed.clear()
  t.match(await rejection(ask(one)), { reason: 'denied', status: 403 })
  t.equal(denied, 3, 'it gave up after one more login')
  t.equal(vault.calls(ISSUE).length, world + 4)
  t.equal(vault.calls(LOGIN).length, 3)
})

test('a login that hangs: each caller can give up, and it ends by itself', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  const { promise, resolve } = Promise.withResolvers<Reply>()
  t.teardown(() => { resolve(token('s.late')) })
  vault.on(LOGIN, async () => await promise)
  const one = issuer()
  const controller = new AbortController()
  const asked = vault.next(LOGIN)
  const [first, second] = [rejection(ask(one, { signal: controller.signal })), rejection(ask(one))]
  await asked
  controller.abort(new Error('the source is closed'))
  t.match(await first, { message: 'the source is closed' })
  clock.advance(30_000)
  t.match(await second, { reason: 'unreachable', message: /no login within 30000 ms/ })
  t.equal(vault.calls(LOGIN).length, 1)
})

test('a closed issuer asks nobody, and renews nothing', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  const one = issuer()
  await ask(one)
  await one.close()
  t.equal(clock.waiting, 0)
  const { length } = vault.seen
  t.match(await rejection(ask(one)), { reason: 'denied', message: /the issuer is closed/ })
  t.equal(vault.seen.length, length)
})

test('closing ends a login that is running', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const { promise, resolve } = Promise.withResolvers<Reply>()
  t.teardown(() => { resolve(token('s.late')) })
  vault.on(LOGIN, async () => await promise)
  const one = issuer()
  const asked = vault.next(LOGIN)
  const failed = rejection(ask(one))
  await asked
  await one.close()
  t.match(await failed, { message: /the issuer is closed/ })
})

test('a token that was given is looked up, renewed, and never replaced', async (t) => {
  const { vault, issuer, clock, warnings } = await startWorld(t)
  vault.on('auth/token/lookup-self', () => data({ ttl: 3600, renewable: true }))
  vault.on(RENEW, () => failure(400, 'lease is not renewable'))
  const one = issuer({ auth: { token: 's.given' } })
  await ask(one)
  const asked = vault.next(RENEW)
  clock.advance(2_400_000)
  await asked
  t.ok(await isSoon(() => warnings.length === 1))
  t.match(warnings[0], /^the token was not renewed, and ends at \d{4}-.*: .*lease is not renewable/)
  vault.on(ISSUE, () => failure(403, 'permission denied'))
  t.match(await rejection(ask(one)), { reason: 'denied' })
  t.equal(vault.calls(ISSUE).length, 2, 'no other token is tried')
})

test('a token whose policy does not let it look itself up, and one that does not end, are used', async (t) => {
  for (const reply of [failure(403, 'permission denied'), data({ ttl: 0, renewable: false })]) {
    const { vault, issuer, clock } = await startWorld(t)
    vault.on('auth/token/lookup-self', () => reply)
    const one = issuer({ auth: { token: 's.given' } })
    await ask(one)
    clock.advance(1e9)
    await ask(one)
    t.equal(vault.calls(RENEW).length, 0)
    t.equal(vault.calls('auth/token/lookup-self').length, 1)
  }
  const { vault, issuer } = await startWorld(t)
  vault.on('auth/token/lookup-self', () => failure(503, 'Vault is sealed'))
  t.match(await rejection(ask(issuer({ auth: { token: 's.given' } }))), { reason: 'unavailable', message: /Vault is sealed/ })
})

test('a token in a file is read for each call; a half-written or missing file is told', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const file = join(t.testdir({}), 'token')
  const one = issuer({ auth: { token: { file } } })
  t.match(await rejection(ask(one)), { reason: 'denied', message: /auth\.token: cannot read ".*token": found no such file/ })
  writeFileSync(file, '')
  t.match(await rejection(ask(one)), { message: /auth\.token \(file ".*token"\) is empty; expected a secret in printable ASCII/ })
  writeFileSync(file, 's.one\n')
  await ask(one)
  writeFileSync(file, 's.two')
  await ask(one)
  t.same(vault.calls(ISSUE).map(({ token: used }) => used), ['s.one', 's.two'])
  // Its writer replaced it between our reading and our call.
  vault.on(ISSUE, ({ token: used }) => {
    if (used === 's.three') return failure(400, 'the third was taken')
    writeFileSync(file, 's.three')
    return failure(403, 'permission denied')
  })
  t.match(await rejection(ask(one)), { message: /the third was taken/ })
})

test('a function gives the token; what it throws or returns wrongly is told, without the value', async (t) => {
  const { vault, issuer } = await startWorld(t)
  await ask(issuer({ auth: { token: async () => 's.function' } }))
  t.equal(vault.calls(ISSUE)[0]?.token, 's.function')
  const wrong = [
    [() => { throw new Error('no keychain') }, /auth\.token\(\) failed: no keychain/],
    [() => 7, /auth\.token\(\) returned a number; expected a string/],
    [() => 's.secret\r\nx-evil: 1', /auth\.token is a string of 19 characters with characters that no secret has/]
  ] as const
  for (const [give, expected] of wrong) {
    const { message } = await rejection(ask(issuer({ auth: { token: give as () => string } })))
    t.match(message, expected)
    t.notMatch(message, /s\.secret/)
  }
})

test('Kubernetes and AppRole read their files at each login', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  const folder = t.testdir({ jwt: 'first.jwt.token\n', secret: 'first-secret', role: 'the-role' })
  vault.on('auth/k8s/login', () => token('s.kubernetes', 60, false))
  const one = issuer({ auth: { kubernetes: { role: 'ledger', jwt: { file: join(folder, 'jwt') }, mount: 'k8s' } } })
  await ask(one)
  writeFileSync(join(folder, 'jwt'), 'second.jwt.token')
  clock.advance(60_000)
  await ask(one)
  t.same(vault.calls('auth/k8s/login').map(({ body }) => body), [{ role: 'ledger', jwt: 'first.jwt.token' }, { role: 'ledger', jwt: 'second.jwt.token' }])
  await ask(issuer({ auth: { appRole: { roleId: { file: join(folder, 'role') }, secretId: { file: join(folder, 'secret') } } } }))
  t.same(vault.calls(LOGIN)[0]?.body, { role_id: 'the-role', secret_id: 'first-secret' })
  await ask(issuer({ auth: { appRole: { roleId: 'bound-by-network' } } }))
  t.same(vault.calls(LOGIN)[1]?.body, { role_id: 'bound-by-network' })
  const { message } = await rejection(ask(issuer({ auth: { kubernetes: { role: 'ledger' } } })))
  t.match(message, /auth\.kubernetes\.jwt: cannot read "\/var\/run\/secrets\/kubernetes\.io\/serviceaccount\/token"/)
})

test('a login that is refused or answers without a token', async (t) => {
  const cases: ReadonlyArray<readonly [Reply, object]> = [
    [failure(400, 'invalid role or secret ID'), { reason: 'denied', status: 400, message: /invalid role or secret ID\. auth\.appRole: one of roleId and secretId is wrong, or the secret ID has ended or is used up/ }],
    [failure(503, 'Vault is sealed'), { reason: 'unavailable', status: 503 }],
    [data({}), { reason: 'answer', message: /answered without a token; expected auth\.client_token/ }],
    [token('s.with space'), { reason: 'answer' }]
  ]
  for (const [reply, expected] of cases) {
    const { vault, issuer } = await startWorld(t)
    vault.on(LOGIN, () => reply)
    t.match(await rejection(ask(issuer())), expected)
  }
  const { vault, issuer } = await startWorld(t)
  vault.on(LOGIN, () => failure(403, 'permission denied'))
  t.match(await rejection(ask(issuer())), { reason: 'denied', message: /POST auth\/approle\/login answered 403.*nothing is mounted at auth\/approle\/ \(bao auth list\)/ })
  t.equal(vault.seen.length, 1, 'nothing else is asked')
})

test('a wrapped secret ID: unwrapped once, only if it was made for AppRole', async (t) => {
  const auth = { appRole: { roleId: 'role-id', secretId: 's.wrapping-token', wrapped: true } }
  const { vault, issuer, clock } = await startWorld(t)
  vault.on('sys/wrapping/lookup', () => data({ creation_path: 'team/auth/approle/role/ledger/secret-id' }))
  vault.on('sys/wrapping/unwrap', () => data({ secret_id: 'unwrapped-secret' }))
  vault.on(LOGIN, () => token('s.short', 60, false))
  const one = issuer({ auth })
  await ask(one)
  clock.advance(60_000)
  await ask(one)
  t.same(vault.calls(LOGIN).map(({ body }) => body.secret_id), ['unwrapped-secret', 'unwrapped-secret'])
  t.same(vault.calls('sys/wrapping/unwrap').map(({ token: used }) => used), ['s.wrapping-token'])
  const paths = ['auth/token/create', 'auth/approle/role/x/secret-id/../../evil', 'auth/other/role/ledger/secret-id', undefined]
  for (const path of paths) {
    vault.on('sys/wrapping/lookup', () => data({ creation_path: path }))
    t.match(await rejection(ask(issuer({ auth }))), { reason: 'denied', message: /It may have been exchanged/ }, String(path))
  }
  t.equal(vault.calls('sys/wrapping/unwrap').length, 1, 'none of them was unwrapped')
  vault.on('sys/wrapping/lookup', () => failure(400, 'wrapping token is not valid or does not exist'))
  t.match(await rejection(ask(issuer({ auth }))), { reason: 'denied', status: 400, message: /somebody else has used it/ })
  vault.on('sys/wrapping/lookup', () => failure(503, 'Vault is sealed'))
  t.match(await rejection(ask(issuer({ auth }))), { reason: 'unavailable' })
  vault.on('sys/wrapping/lookup', () => data({ creation_path: 'auth/approle/role/ledger/secret-id' }))
  vault.on('sys/wrapping/unwrap', () => data({}))
  t.match(await rejection(ask(issuer({ auth }))), { reason: 'answer', message: /without a secret_id/ })
})

test('a proxy adds the token: none is sent', async (t) => {
  const { vault, issuer } = await startWorld(t)
  await ask(issuer({ auth: 'proxy' }))
  t.equal(vault.calls(ISSUE)[0]?.token, undefined)
  vault.on(ISSUE, () => failure(403, 'permission denied'))
  t.match(await rejection(ask(issuer({ auth: 'proxy' }))), { message: /No token was sent \(auth is "proxy"\)/ })
})

test('why a call was denied', async (t) => {
  const CAPABILITIES = 'sys/capabilities-self'
  const cases: ReadonlyArray<readonly [Reply, RegExp]> = [
    [data({ [ISSUE]: ['deny'] }), /The policies of the token allow nothing there; expected: path "pki\/issue\/ledger" { capabilities = \["update"\] }/],
    [data({}), /The policies of the token allow nothing there/],
    [data({ [ISSUE]: ['create', 'update'] }), /The policies of the token allow it; the mount may not exist/],
    [failure(403, 'permission denied'), /The token is not valid: it has ended, was revoked or used as often as it may be \(num_uses\), or is of another namespace/],
    [failure(500, 'x'), /Why is not known/]
  ]
  for (const [reply, expected] of cases) {
    const { vault, issuer } = await startWorld(t)
    vault.on(ISSUE, () => failure(403, '1 error occurred:\n\t* permission denied\n\n')).on(CAPABILITIES, () => reply)
    const error = await rejection(ask(issuer()))
    t.match(error, { reason: 'denied', status: 403 })
    t.match(error.message, expected)
    t.match(error.message, /POST pki\/issue\/ledger answered 403: permission denied\. /)
  }
})

test('no secret is in an error, a log or a look at the issuer, even if OpenBao sends it back', async (t) => {
  const { vault, issuer } = await startWorld(t)
  const one = issuer()
  const echo = (status: number) => ({ body, token: used }: { body: any, token: string | undefined }) => failure(status, `you sent ${JSON.stringify(body)} with ${used}`)
  const shown: string[] = []
  vault.on(ISSUE, echo(400))
  shown.push(inspect(await rejection(ask(one)), { depth: 9 }))
  vault.on(ISSUE, async ({ token: used }) => ({ text: `<html>${used}</html>` }))
  shown.push(inspect(await rejection(ask(one)), { depth: 9 }))
  vault.on(LOGIN, echo(403))
  shown.push(inspect(await rejection(ask(issuer())), { depth: 9 }))
  shown.push(inspect(one, { depth: 9, showHidden: true }), JSON.stringify(one), String(one))
  t.match(shown[0], /you sent/)
  for (const text of shown) t.notMatch(text, new RegExp(`${SECRET_ID}|s\\.login-\\d|role-id`))
})

test('a secret where a text is cut off is hidden as a whole', async (t) => {
  const { vault, issuer, warnings } = await startWorld(t)
  const far = 'x'.repeat(390)
  const cut = ({ token: used }: { token: string | undefined }): string => `${far}${used} and more`
  const shown: string[] = []
  vault.on(ISSUE, (seen) => failure(400, cut(seen)))
  shown.push((await rejection(ask(issuer()))).message)
  vault.on(ISSUE, (seen) => ({ status: 502, text: cut(seen) }))
  shown.push((await rejection(ask(issuer()))).message)
  vault.on(ISSUE, (seen) => ({ text: cut(seen) }))
  shown.push((await rejection(ask(issuer()))).message)
  vault.on(ISSUE, () => failure(403, 'permission denied')).on('sys/capabilities-self', (seen) => data({ [ISSUE]: [`${seen.token}`, ...Array(100_000).fill('deny')] }))
  shown.push((await rejection(ask(issuer()))).message)
  vault.on(ISSUE, async (seen) => {
    const { json } = await issueFrom(await createDevCa())
    return { json: { ...json as object, warnings: [cut(seen), 'two\nlines\u001b[2J'] } }
  })
  await ask(issuer())
  t.equal(warnings.length, 2)
  for (const text of [...shown, ...warnings]) {
    t.notMatch(text, /s\.lo/)
    t.notMatch(text, /\p{Cc}/u)
    t.ok(text.length < 1_500, `${text.length} characters`)
  }
})

test('a token counts from when it was asked for: a slow answer does not make it last longer', async (t) => {
  const { vault, issuer, clock } = await startWorld(t)
  let logins = 0
  vault.on(LOGIN, () => {
    clock.advance(20_000)
    return token(`s.slow-${++logins}`, 3600, false)
  })
  const one = issuer()
  await ask(one)
  clock.advance(3_575_000)
  await ask(one)
  t.equal(vault.calls(LOGIN).length, 2)
})
