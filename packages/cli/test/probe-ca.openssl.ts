import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { folder } from './support/folder.ts'
import { peerkit } from './support/peerkit.ts'
import { serve } from './support/probe-world.ts'

test('two CAs of one name without key identifiers: OpenSSL takes the first, and the probe says so', async (t) => {
  const file = folder(t, { ca: '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n', leaf: 'subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=none\n' })
  const run = (...args: readonly string[]): void => { execFileSync('openssl', args, { stdio: 'ignore' }) }
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['one', 'two']) run('req', '-x509', ...fresh, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-subj', '/CN=Twin', '-days', '9', '-config', file('ca'))
  run('req', ...fresh, '-keyout', file('s.key'), '-out', file('s.csr'), '-subj', '/CN=s', '-config', file('ca'))
  run('x509', '-req', '-in', file('s.csr'), '-CA', file('two.pem'), '-CAkey', file('two.key'), '-CAcreateserial', '-days', '9', '-out', file('s.pem'), '-extfile', file('leaf'))
  writeFileSync(file('both.pem'), readFileSync(file('one.pem'), 'utf8') + readFileSync(file('two.pem'), 'utf8'))
  const { at } = await serve(t, { key: readFileSync(file('s.key')), cert: readFileSync(file('s.pem')), ca: readFileSync(file('two.pem')) })
  const { code, out } = await peerkit('probe', `https://${at}`, '--ca', file('both.pem'))
  t.equal(code, 1)
  t.match(out, /trusted +no, by --ca .*\(CERT_SIGNATURE_FAILURE\)\n {2}its CA +CN=Twin: in --ca .*, with the same key; but so is another CA of this name\. Without key identifiers OpenSSL takes the first/)
})
