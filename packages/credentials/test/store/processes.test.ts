import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { signFor } from '@peerkit/test-support/certificates'
import { HOUR, ca } from './instances.ts'

interface Message { readonly publicKey?: string, readonly serialNumber?: string }

test('processes that start together with one file call the issuer once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-processes-'))
  t.teardown(async () => { await rm(folder, { recursive: true }) })
  let calls = 0
  const start = async (): Promise<string | undefined> => {
    const child = fork(join(import.meta.dirname, 'start-with-store.ts'), [join(folder, 'identity.json'), ca.root], {
      execArgv: ['--conditions=@peerkit/source'], stdio: 'inherit'
    })
    let used: string | undefined
    child.on('message', ({ publicKey, serialNumber }: Message) => {
      used = serialNumber ?? used
      if (publicKey === undefined) return
      calls += 1
      signFor(ca, publicKey, { notBefore: Date.now(), notAfter: Date.now() + 3 * HOUR })
        .then((cert) => { child.send(cert) }, (error: unknown) => { t.fail(String(error)) })
    })
    const [code] = await once(child, 'exit')
    t.equal(code, 0)
    return used
  }
  const used = await Promise.all([start(), start(), start(), start()])
  t.equal(calls, 1)
  t.equal(new Set(used).size, 1)
  t.type(used[0], 'string')
  t.same(await readdir(folder), ['identity.json'])
})
