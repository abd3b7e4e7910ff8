// .ci/steps/pebble, with a `go` that builds at once: what is in the cache is whole, and is built once.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { root } from './source-graph.ts'

const GO = `#!/usr/bin/env bash
case "$*" in
  'env GOCACHE') echo "\${GOCACHE:-$FAKE_CACHES/build}" ;;
  'env GOMODCACHE') echo "\${GOMODCACHE:-$FAKE_CACHES/modules}" ;;
  install*)
    echo "$*" > "$FAKE_LOG"
    touch "$GOBIN/pebble" && chmod +x "$GOBIN/pebble"
    # Modules are read-only.
    mkdir -p "$GOMODCACHE/module" && chmod a-w "$GOMODCACHE/module"
    [ "$FAKE_FAILS" = yes ] && exit 1
    touch "$GOBIN/pebble-challtestsrv" && chmod +x "$GOBIN/pebble-challtestsrv" ;;
esac
`

interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

/** A copy of the step, which finds the false `go` first. */
function prepare (t: Test): { run (more?: Record<string, string>): Outcome, readonly cache: string, read (name: string): string } {
  const folder = t.testdir({ bin: {}, home: {}, copy: {} })
  const cache = join(folder, 'cache')
  writeFileSync(join(folder, 'bin/go'), GO, { mode: 0o755 })
  for (const path of ['.ci/settings.sh', '.ci/steps/pebble']) {
    const copy = join(folder, 'copy', path)
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, readFileSync(join(root, path), 'utf8').replaceAll('/usr/local/go/bin', '/nowhere'), { mode: 0o755 })
  }
  const basic = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: join(folder, 'home'), XDG_CACHE_HOME: cache, FAKE_CACHES: join(folder, 'caches'), FAKE_LOG: join(folder, 'log') }
  return {
    cache: join(cache, 'peerkit'),
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    run: (more = {}) => spawnSync(join(folder, 'copy/.ci/steps/pebble'), { env: { ...basic, ...more }, encoding: 'utf8' })
  }
}

test('Pebble is built once, in the version that the tests look for', async (t) => {
  const { run, cache, read } = prepare(t)
  t.match(run(), { status: 0, stdout: /Pebble 2\.10\.3 is built into .*peerkit\/pebble-2\.10\.3/ })
  t.same(readdirSync(cache), ['pebble-2.10.3'])
  t.same(readdirSync(join(cache, 'pebble-2.10.3')).sort(), ['pebble', 'pebble-challtestsrv'])
  t.match(read('log'), /^install github\.com\/letsencrypt\/pebble\/v2\/cmd\/pebble@v2\.10\.3 github.*pebble-challtestsrv@v2\.10\.3$/m)
  t.match(run({ FAKE_FAILS: 'yes' }), { status: 0, stdout: '', stderr: '' }, 'it is there already')
  for (const path of ['test/interop/require-tool.ts', 'examples/acme/src/pebble/find-tool.ts']) t.match(readFileSync(join(root, path), 'utf8'), /pebble-2\.10\.3/, path)
})

test('a build of Pebble that breaks off leaves nothing that counts, and the next one succeeds', async (t) => {
  const { run, cache } = prepare(t)
  t.match(run({ FAKE_FAILS: 'yes' }), { status: 1, stderr: /^Pebble 2\.10\.3 cannot be built: go has said why/ })
  t.same(readdirSync(cache), [])
  // As somebody else may have left it.
  mkdirSync(join(cache, 'pebble-2.10.3'))
  writeFileSync(join(cache, 'pebble-2.10.3/pebble'), '', { mode: 0o755 })
  t.equal(run().status, 0)
  t.same(readdirSync(join(cache, 'pebble-2.10.3')).sort(), ['pebble', 'pebble-challtestsrv'])
})
