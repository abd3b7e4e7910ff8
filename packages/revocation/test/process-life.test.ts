import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'tap'
import { craftCrl } from './support/craft.ts'
import { makeCa } from './support/identities.ts'
import { startResponder } from './support/ocsp-responder.ts'

test('nothing that is left open keeps a process alive', async (t) => {
  const { ca, leaf } = await makeCa()
  const peer = await leaf('peer')
  const responder = await startResponder(ca)
  t.teardown(() => responder.close())
  const folder = t.testdir({
    'a.crl': Buffer.from(craftCrl({ ca })), 'ca.der': Buffer.from(ca.der), 'peer.der': Buffer.from(peer.der)
  })
  const program = `
    import { readFileSync } from 'node:fs'
    import { parsePeerIdentity } from '@peerkit/identity'
    import { createOcspStapler, crlChecker, crlUrlChecker, ocspChecker } from ${JSON.stringify(
      import.meta.resolve('../src/index.ts')
    )}
    const issuer = parsePeerIdentity(readFileSync(${JSON.stringify(join(folder, 'ca.der'))}))
    const peer = parsePeerIdentity(readFileSync(${JSON.stringify(join(folder, 'peer.der'))}))
    const issuers = [issuer]
    crlChecker({ crls: [readFileSync(${JSON.stringify(join(folder, 'a.crl'))})], issuers })
    await crlUrlChecker({ urls: [${JSON.stringify(pathToFileURL(join(folder, 'a.crl')).href)}], issuers })
    const stapler = createOcspStapler({ certificate: peer, issuer, url: ${JSON.stringify(responder.url)} })
    await stapler.refresh()
    const { state } = await ocspChecker({ urls: ${JSON.stringify(responder.url)} }).check(peer, issuer)
    console.log(state)`
  const child = spawn(
    process.execPath,
    ['--conditions=@peerkit/source', '--input-type=module', '--eval', program],
    { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } }
  )
  let output = ''
  child.stdout.on('data', (chunk) => { output += String(chunk) })
  child.stderr.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close')
  t.equal(output.trim(), 'good')
  t.equal(code, 0)
})
