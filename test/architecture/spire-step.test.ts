// .ci/steps/spire, with a `go` that builds at once: what is in the cache is whole, and is built once.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { root } from './source-graph.ts'

const GO = `#!/usr/bin/env bash
case "$*" in
  'env GOVERSION') echo "$FAKE_VERSION" ;;
  'env GOCACHE') echo "\${GOCACHE:-$FAKE_CACHES/build}" ;;
  'env GOMODCACHE') echo "\${GOMODCACHE:-$FAKE_CACHES/modules}" ;;
  install*)
    echo "$GOCACHE $GOMODCACHE" > "$FAKE_LOG"
    touch "$GOBIN/spire-server" && chmod +x "$GOBIN/spire-server"
    # Modules are read-only.
    mkdir -p "\${GOMODCACHE:-$FAKE_CACHES/modules}/module" && chmod a-w "\${GOMODCACHE:-$FAKE_CACHES/modules}/module"
    [ "$FAKE_FAILS" = yes ] && exit 1
    touch "$GOBIN/spire-agent" && chmod +x "$GOBIN/spire-agent" ;;
esac
`

interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

/** A copy of the step, which finds the false `go` first. */
function prepare (t: Test): { run (more?: Record<string, string>): Outcome, readonly cache: string, readonly caches: string, read (name: string): string } {
  const folder = t.testdir({ bin: {}, home: {}, caches: {}, copy: {} })
  const [cache, caches] = [join(folder, 'cache'), join(folder, 'caches')]
  writeFileSync(join(folder, 'bin/go'), GO)
  chmodSync(join(folder, 'bin/go'), 0o755)
  for (const path of ['.ci/settings.sh', '.ci/steps/spire']) {
    const copy = join(folder, 'copy', path)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, readFileSync(join(root, path), 'utf8').replaceAll('/usr/local/go/bin', '/nowhere'), { mode: 0o755 })
  }
  const basic = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: join(folder, 'home'), XDG_CACHE_HOME: cache, FAKE_VERSION: 'go1.25.3', FAKE_CACHES: caches, FAKE_LOG: join(folder, 'log') }
  return {
    cache: join(cache, 'peerkit'),
    caches,
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    run: (more = {}) => spawnSync(join(folder, 'copy/.ci/steps/spire'), { env: { ...basic, ...more }, encoding: 'utf8' })
  }
}

test('it builds once, and leaves the two programs alone', async (t) => {
  const { run, cache, read } = prepare(t)
  t.match(run(), { status: 0, stdout: /SPIRE 1\.13\.3 is built into .*peerkit\/spire-1\.13\.3: about 14 minutes/ })
  t.same(readdirSync(cache), ['spire-1.13.3'])
  t.same(readdirSync(join(cache, 'spire-1.13.3')).sort(), ['spire-agent', 'spire-server'])
  t.match(read('log'), /build-cache .*modules/, 'the caches of Go were in its own folder, which is gone')
  t.match(run({ FAKE_VERSION: 'none' }), { status: 0, stdout: '', stderr: '' }, 'it does not even look for Go')
})

test('a build that breaks off leaves nothing that counts, and the next one succeeds', async (t) => {
  const { run, cache } = prepare(t)
  t.match(run({ FAKE_FAILS: 'yes' }), { status: 1, stderr: /^SPIRE 1\.13\.3 cannot be built: go has said why/ })
  t.same(readdirSync(cache), [])
  // As somebody else may have left it.
  mkdirSync(join(cache, 'spire-1.13.3'))
  writeFileSync(join(cache, 'spire-1.13.3/spire-server'), '', { mode: 0o755 })
  t.equal(run().status, 0)
  t.same(readdirSync(join(cache, 'spire-1.13.3')).sort(), ['spire-agent', 'spire-server'])
})

test('the caches of somebody who uses Go are used and kept', async (t) => {
  const { run, caches, read } = prepare(t)
  for (const name of ['build', 'modules']) mkdirSync(join(caches, name))
  t.equal(run().status, 0)
  t.equal(read('log'), ' \n', 'no others are set')
  t.same(readdirSync(caches).sort(), ['build', 'modules'])
  chmodSync(join(caches, 'modules/module'), 0o755)
})

test('Go that is too old is named', async (t) => {
  const { run } = prepare(t)
  for (const version of ['go1.19.8', 'go1.25.2', 'go1.9']) {
    t.match(run({ FAKE_VERSION: version }), { status: 1, stderr: `SPIRE 1.13.3 cannot be built: the go in the PATH is ${version}; install Go 1.25.3 or later` })
  }
  for (const version of ['go1.25.10', 'go1.26', 'go2.0']) t.equal(prepare(t).run({ FAKE_VERSION: version }).status, 0, version)
})
