import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { fileCredentials, memoryCredentials, openPkcs11Key, providerCredentials, renewingCredentials } from '../../src/index.ts'
import type { FileCredentialsOptions, Pkcs11Key, ProvidedMaterial } from '../../src/index.ts'
import { makeFolder } from '../support/world.ts'

const key: Pkcs11Key = { pkcs11: 'pkcs11:token=ledger;object=tls', module: '/usr/lib/example.so', pin: () => '1234', engines: '/nowhere' }
const OPTION = 'MTLS_ERR_CREDENTIALS_OPTION'

test('what a key in a token must have', async (t) => {
  const { issued } = await makeFolder(t)
  const cases: Array<[object, RegExp]> = [
    [{ pkcs11: 7 }, /key\.pkcs11 is of type number; expected a PKCS#11 URI/],
    [{ pkcs11: '' }, /key\.pkcs11 is an empty string/],
    [{ module: undefined }, /key\.module is missing; expected the path of a PKCS#11 module/],
    [{ module: '' }, /key\.module is an empty string/],
    [{ pin: undefined }, /key\.pin is missing; expected a function that returns the PIN/],
    [{ engines: 7 }, /key\.engines is 7; expected the path of a folder/],
    [{ moduel: '/x.so' }, /unknown option "moduel" for key; did you mean "module"\?/],
    [{ pkcs11: 'pkcs11:token=ledger' }, /key\.pkcs11 is a URI without an object/]
  ]
  for (const [change, message] of cases) {
    await t.rejects(openPkcs11Key({ ...key, ...change }, issued.chain), { code: OPTION, message })
  }
  // The PIN itself is no function, and is not shown.
  const error = await t.rejects(openPkcs11Key({ ...key, pin: 'S3cret' as never }, issued.chain), { code: OPTION }) as unknown as Error
  t.match(error.message, /key\.pin is .*; expected a function that returns the PIN/)
  t.notMatch(error.message, /S3cret/)
  await t.rejects(openPkcs11Key(key, issued.chain, { timeout: 0 }), { code: OPTION, message: /timeout is 0/ })
  await t.rejects(openPkcs11Key(key, 7 as never), { code: OPTION, message: /cert is/ })
})

test('each source says what it does with one', async (t) => {
  const { ca, issued, paths, folder } = await makeFolder(t)
  const material = { cert: issued.chain, key, ca: ca.root }
  const unavailable = { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'engine', message: /key \(pkcs11:token=ledger;object=tls;type=private\): found no PKCS#11 engine in \/nowhere/ }
  t.throws(() => memoryCredentials(material as never), { code: OPTION, message: /key is a key in a token that is not open; expected PEM, or the result of openPkcs11Key\(\)/ })
  await t.rejects(fileCredentials({ ...paths, key }), unavailable)
  await t.rejects(providerCredentials(() => material, { attempts: 1 }), unavailable)
  await t.rejects(renewingCredentials({ issue: () => material }, { attempts: 1 }), unavailable)

  const wrong = { ...key, pkcs11: 'pkcs11:token=ledger;object=tls?pin-value=S3cret' }
  const message = /the attribute pin-value; expected a URI without it/
  await t.rejects(fileCredentials({ ...paths, key: wrong }), { code: OPTION, message })
  await t.rejects(providerCredentials(() => ({ ...material, key: wrong }), { attempts: 1 }), { code: OPTION, message })
  await t.rejects(renewingCredentials({ issue: () => ({ ...material, key: wrong }) }, { attempts: 1 }), { code: OPTION, message })
  const { cert: _, ...noCert } = paths
  await t.rejects(fileCredentials({ ...noCert, key, pfx: paths.cert } as FileCredentialsOptions), { code: OPTION, message: /key and pfx are both set/ })
  // The error of the certificate comes first.
  await writeFile(join(folder, 'cert.pem'), 'no PEM')
  await t.rejects(fileCredentials({ ...paths, key }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'unreadable', message: /^Credentials refused: cert \(.*cert\.pem\)/ })
})

test('what is in use stays in use where the token cannot be had', async (t) => {
  const { ca, issued } = await makeFolder(t)
  const provided: object[] = [{ cert: issued.chain, key: issued.key, ca: ca.root }]
  const source = await providerCredentials(() => provided.at(-1) as ProvidedMaterial)
  const { current } = source
  provided.push({ cert: issued.chain, key, ca: ca.root })
  await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'engine' })
  t.equal(source.current, current)
  t.match(source.status?.(), { state: 'failing', problem: /found no PKCS#11 engine/ })
  await source.close()
})
