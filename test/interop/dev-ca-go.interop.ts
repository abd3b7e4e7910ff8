// Go's crypto/x509 on what the development CA issues: a strict parser and a path validation of its own.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { requireTool } from './require-tool.ts'

const go = requireTool('go')
const KEYS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519'] as const

interface Question { readonly root: string, readonly chain: string, readonly usage: 'server' | 'client' | 'any', readonly name?: string, readonly crl?: string, readonly issuer?: string }

/** Puts questions to Go's verifier; one answer each. Fetches nothing: the program needs the standard library alone. */
function ask (questions: readonly Question[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GOTOOLCHAIN: 'local', GOWORK: 'off' }
    const child = execFile(go, ['run', './verify'], { cwd: join(import.meta.dirname, 'go'), env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trimEnd().split('\n'))
      else reject(new Error(stderr, { cause: error }))
    })
    child.stdin?.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
  })
}

test('Go accepts leaves of every key, under a root and under intermediates, with names and without', async (t) => {
  const questions: Question[] = []
  for (const key of KEYS) {
    const ca = await createDevCa({ key })
    const upper = await ca.intermediate({ key, pathLength: 1 })
    const lower = await upper.intermediate({ key })
    for (const from of [ca, upper, lower]) {
      const leaf = await from.issue({ key, cn: 'web', dns: 'a.example', ip: '127.0.0.1', uri: 'https://a.example/x', email: 'a@example.com', policies: ['1.2.3.4'], crlUrls: ['http://crl.example/'], ocspUrls: ['http://ocsp.example/'] })
      questions.push({ root: ca.root, chain: leaf.chain, usage: 'server', name: 'a.example' }, { root: ca.root, chain: leaf.chain, usage: 'client' })
    }
    const svid = await ca.issue({ key, profile: 'client', spiffe: 'spiffe://td.example/a' })
    questions.push({ root: ca.root, chain: svid.chain, usage: 'client' })
  }
  t.same(await ask(questions), questions.map(() => 'ok'))
})

test('Go refuses what is wrong on purpose, each for its reason', async (t) => {
  const ca = await createDevCa()
  const { root } = ca
  const below = await (await ca.intermediate()).intermediate()
  const stranger = await createDevCa({ name: 'Stranger' })
  const hour = 3_600_000
  const extension = { oid: '1.2.3.4', value: Uint8Array.of(5, 0) }
  const cases: ReadonlyArray<[Awaited<ReturnType<typeof ca.issue>>, Question['usage'], RegExp]> = [
    [await ca.issue({ profile: 'server' }), 'client', /incompatible key usage/],
    [await ca.issue({ profile: 'client' }), 'server', /incompatible key usage/],
    [await ca.issue({ extendedKeyUsage: ['codeSigning'] }), 'client', /incompatible key usage/],
    [await ca.issue({ notAfter: new Date(Date.now() - hour) }), 'any', /expired/],
    [await ca.issue({ notBefore: new Date(Date.now() + hour) }), 'any', /not yet valid/],
    [await stranger.issue(), 'any', /unknown authority/],
    [await below.issue(), 'any', /too many intermediates/],
    [await ca.issue({ extensions: [{ ...extension, critical: true }] }), 'any', /unhandled critical extension/],
    [await ca.issue({ extensions: [extension, extension] }), 'any', /duplicate extension/],
  ]
  const answers = await ask(cases.map(([leaf, usage]) => ({ root, chain: leaf.chain, usage })))
  cases.forEach(([, , expected], index) => { t.match(answers[index], expected) })
  t.equal(answers.length, cases.length)
})

test('Go reads the CRLs and verifies them with the CA\'s key', async (t) => {
  const questions: Question[] = []
  for (const key of KEYS) {
    const root = await createDevCa({ key })
    const ca = await root.intermediate({ key })
    const [good, bad] = [await ca.issue(), await ca.issue()]
    ca.revoke(bad, { reason: 'keyCompromise' })
    const { pem } = await ca.crl({ number: 300 })
    const foreign = await (await createDevCa({ key })).crl()
    for (const [leaf, crl] of [[good, pem], [bad, pem], [good, foreign.pem]] as const) questions.push({ root: ca.root, chain: leaf.chain, usage: 'any', crl, issuer: ca.certificate })
  }
  const answers = await ask(questions)
  for (const [index] of KEYS.entries()) {
    const [good, bad, foreign] = answers.slice(index * 3)
    t.equal(good, 'ok')
    t.equal(bad, 'revoked, reason 1, CRL number 300')
    t.match(foreign, /x509: .*verification|verification (error|failure)|signature/i)
  }
})
