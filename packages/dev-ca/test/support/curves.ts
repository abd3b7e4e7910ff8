import 'reflect-metadata'
import { generateKeyPairSync } from 'node:crypto'
import { encodeName } from '../../src/encode-name.ts'
import { leafExtensions } from '../../src/extensions.ts'
import { encodePem, generateKeyPair } from '../../src/key-pair.ts'
import type { KeyPair } from '../../src/key-pair.ts'
import { signCertificate } from '../../src/sign-certificate.ts'

/** A server, and the CA that vouches for it. All of it is PEM. */
export interface CurveServer { readonly cert: string, readonly key: string, readonly ca: string }

const p256 = await generateKeyPair()

function generateOn (namedCurve: string): KeyPair {
  const pem = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { ...p256, pem: String(pem) }
}

/** A server with keys on curves that the suite's own CA does not make. */
export function issueOnCurves ({ ca: caCurve = 'prime256v1', leaf: leafCurve = 'prime256v1' }): CurveServer {
  const name = encodeName([{ type: 'CN', value: `Root on ${caCurve}` }])
  const signer = generateOn(caCurve)
  const keys = generateOn(leafCurve)
  const common = { issuer: name, signer, validity: {}, defaultDays: 7 }
  const root = signCertificate(
    { ...common, subject: name, keys: signer, extensions: leafExtensions({ ca: true, extendedKeyUsage: [] }, false) }
  )
  const leaf = signCertificate({
    ...common,
    subject: encodeName([{ type: 'CN', value: `server on ${leafCurve}` }]),
    keys,
    extensions: leafExtensions({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' }, false)
  })
  return {
    cert: encodePem('CERTIFICATE', leaf.der) + encodePem('CERTIFICATE', root.der),
    key: keys.pem,
    ca: encodePem('CERTIFICATE', root.der)
  }
}
