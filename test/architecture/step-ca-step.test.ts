// .ci/steps/step-ca and .ci/steps/kubernetes, with a `go` that builds at once: what is in the cache is whole, and is built once.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { root } from './source-graph.ts'

const GO = `#!/usr/bin/env bash
echo "$*" >> "$FAKE_LOG"
case "$*" in
  'env GOCACHE') echo "\${GOCACHE:-$FAKE_CACHES/build}" ;;
  'env GOMODCACHE') echo "\${GOMODCACHE:-$FAKE_CACHES/modules}" ;;
  'mod download'*) printf '{\\n\\t"Dir": "%s",\\n\\t"Sum": ""\\n}\\n' "$FAKE_CACHES/kubernetes" ;;
  install*)
    [ "$FAKE_FAILS" = yes ] && exit 1
    touch "$GOBIN/\${2##*/}" && chmod +x "$GOBIN/\${2##*/}" ;;
esac
`
const NOTHING = '#!/bin/sh\n'

interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

/** A copy of a step, which finds the false programs first. */
function prepare (t: Test, step: string): { run (more?: Record<string, string>): Outcome, readonly cache: string, log (): string } {
  const folder = t.testdir({ bin: {}, home: {}, caches: { kubernetes: { 'go.mod': 'replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tk8s.io/apiserver => ./staging/src/k8s.io/apiserver\n)\n' } }, copy: {} })
  const cache = join(folder, 'cache')
  for (const [name, text] of Object.entries({ go: GO, 'pkg-config': NOTHING, etcd: NOTHING })) {
    writeFileSync(join(folder, 'bin', name), text)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  for (const path of ['.ci/settings.sh', `.ci/steps/${step}`]) {
    const copy = join(folder, 'copy', path)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, readFileSync(join(root, path), 'utf8').replaceAll('/usr/local/go/bin', '/nowhere'), { mode: 0o755 })
  }
  const basic = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: join(folder, 'home'), XDG_CACHE_HOME: cache, FAKE_CACHES: join(folder, 'caches'), FAKE_LOG: join(folder, 'log') }
  return {
    cache: join(cache, 'peerkit'),
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    run: (more = {}) => spawnSync(join(folder, 'copy/.ci/steps', step), { env: { ...basic, ...more }, encoding: 'utf8' })
  }
}

for (const [step, folder, program] of [['step-ca', 'step-ca-0.30.2', 'step-ca'], ['kubernetes', 'kubernetes-1.36.3', 'kube-apiserver']] as const) {
  test(`${step}: a build that breaks off leaves nothing, the next one succeeds, and nothing is built twice`, async (t) => {
    const { run, cache, log } = prepare(t, step)
    t.match(run({ FAKE_FAILS: 'yes' }), { status: 1, stderr: new RegExp(`${program} [\\d.]+ cannot be built: go has said why`) })
    t.same(readdirSync(cache), [])
    t.match(run(), { status: 0, stdout: /is built into .*peerkit\// })
    t.same(readdirSync(cache), [folder])
    t.same(readdirSync(join(cache, folder)), [program])
    const before = log()
    t.match(run(), { status: 0, stdout: '', stderr: '' })
    t.equal(log(), before, 'it does not even look for Go')
  })
}

test('kubernetes: its libraries are modules of the same version', async (t) => {
  const { run, log } = prepare(t, 'kubernetes')
  t.equal(run().status, 0)
  t.match(log(), 'mod edit -replace k8s.io/api=k8s.io/api@v0.36.3\nmod edit -replace k8s.io/apiserver=k8s.io/apiserver@v0.36.3\n')
})
