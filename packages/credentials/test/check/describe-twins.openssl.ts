import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { memoryCredentials } from '../../src/index.ts'
import { makeSelfSigned } from '../support/openssl.ts'

const own = await createDevCa()
const { chain: cert, key } = await own.issue({ cn: 'a' })

/** A CA without a subject key identifier. */
async function bare (name: string): Promise<string> {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-addext', 'subjectKeyIdentifier=none', '-addext', 'authorityKeyIdentifier=none']
  return (await makeSelfSigned('-subj', `/CN=${name}`, ...curve)).cert
}

async function warningsOf (...cas: readonly string[]): Promise<readonly string[]> {
  const credentials = memoryCredentials({ cert, key, ca: own.root + cas.join('') })
  await credentials.close()
  return credentials.current.warnings
}

test('a warning names CAs of one name without key identifiers, because OpenSSL takes the first one', async (t) => {
  const [one, two] = [await bare('Twin'), await bare('TWIN')]
  t.match(await warningsOf(one, two), [/^ca: 2 CAs have the name CN=Twin, and CN=Twin \(sha256:.*\) has no key identifier; OpenSSL takes the first of them and rejects the certificates of the others: issue it again/])
  t.same(await warningsOf(one, one), [], 'the same one twice')
  t.same(await warningsOf(one, await bare('Other')), [], 'other names')
  const twin = await createDevCa()
  t.same(await warningsOf(twin.root), [], 'key identifiers tell them apart')
})

test('the warning also names CAs of different authorities', async (t) => {
  const authorities = {
    own: { ca: own.root, names: 'any' },
    one: { ca: await bare('Twin'), names: { dns: 'one.example' } },
    two: { ca: await bare('Twin'), names: { dns: 'two.example' } }
  } as const
  const credentials = memoryCredentials({ cert, key, authorities })
  await credentials.close()
  t.match(credentials.current.warnings.filter((text) => text.includes('2 CAs')), [/^authorities\.one\.ca: 2 CAs have the name CN=Twin/])
})
