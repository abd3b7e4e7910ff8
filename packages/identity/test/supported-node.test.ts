import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { requireSupportedNode } from '../src/supported-node.ts'

test('refuses every Node that `engines` excludes, and says what is needed and what is there', async (t) => {
  for (const version of ['0.10.48', '18.20.8', '20.20.2', '21.7.3', '22.0.0', '22.18.9']) {
    t.throws(
      () => requireSupportedNode(version),
      { message: `Peerkit needs Node 22.19 or later. This is Node ${version}. Install a newer Node and start again.` }
    )
  }
})

test('lets every Node pass that `engines` includes', async (t) => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? []
  for (const version of [`${oldest}.0`, '22.20.1', '23.0.0', '24.21.0', '27.0.0-nightly20261120abcdef']) {
    t.doesNotThrow(() => requireSupportedNode(version), version)
  }
})
