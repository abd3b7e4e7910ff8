import { relative } from 'node:path'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { packageFolders, readSources, root } from './source-graph.ts'

// Node's legacy certificate object ends the process on Node 24 and 26 where a key is on a curve without a NIST name, and
// it shows what was sent, not what was verified. `tls.connect` asks for it by itself, so client sockets shadow it.
const SHADOWS = ['packages/identity/src/internal/sent-chain.ts']

test('no package asks for the legacy certificate object', async (t) => {
  const sources = packageFolders().flatMap((folder) => readSources(folder))
  const naming = sources.filter(({ path }) => /getPeerCertificate\b/.test(withoutComments(readFileSync(path, 'utf8')))).map(({ path }) => relative(root, path))
  t.ok(SHADOWS.every((path) => naming.includes(path)), 'client sockets shadow it')
  for (const path of naming) {
    const text = withoutComments(readFileSync(`${root}/${path}`, 'utf8'))
    t.notMatch(text, /getPeerCertificate\s*\(|\[\s*['"]getPeerCertificate['"]\s*\]/, `${path} does not call it`)
  }
})

test('nobody climbs a chain but the trust package', async (t) => {
  const outside = packageFolders().filter((folder) => folder !== 'trust').flatMap((folder) => readSources(folder))
  // Own certificates are checked against each other when they are loaded, and an OCSP checker looks for an issuer that it was not given.
  const own = ['packages/credentials/src/material/parsed-certificate.ts', 'packages/revocation/src/x509/issuer.ts']
  const climbing = outside.filter(({ path }) => /\.checkIssued\(|hasSigned\(/.test(withoutComments(readFileSync(path, 'utf8')))).map(({ path }) => relative(root, path))
  t.same(climbing.filter((path) => !own.includes(path)), [])
})

function withoutComments (text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
