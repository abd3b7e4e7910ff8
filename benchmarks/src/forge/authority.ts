// A CA that issues correct certificates, and forgers that use its name.
import type { Material } from '../world.ts'
import {
  COMMON_NAME, ORGANIZATIONAL_UNIT, dnsName, extensionsOfCa, extensionsOfLeaf, makeKeys, uri, writeCertificate,
  writeName
} from './certificate.ts'
import type { Certificate, Keys } from './certificate.ts'

export interface Authority { readonly name: Uint8Array, readonly keys: Keys, readonly certificate: Certificate }

/** A certificate with its key, and those that go with it, leaf first, as PEM. */
export interface Holder { readonly certificate: Certificate, readonly chain: string, readonly keys: Keys }

/** A CA of its own, or one below another. */
export function makeAuthority (commonName: string, parent?: Authority): Authority {
  const name = writeName([COMMON_NAME, commonName])
  const keys = makeKeys()
  const issuer = parent ?? { name, keys }
  const certificate = writeCertificate({
    subject: name, issuer: issuer.name, keys, signer: issuer.keys.signer, extensions: extensionsOfCa(keys)
  })
  return { name, keys, certificate }
}

let issued = 0

/** A new client that the rules of the benchmarks allow. */
export function issueClient (issuer: Authority, others: readonly Certificate[] = [], keys: Keys = makeKeys()): Holder {
  issued += 1
  const name = `client-${issued}`
  const certificate = writeCertificate({
    subject: writeName([ORGANIZATIONAL_UNIT, 'billing'], [COMMON_NAME, name]),
    issuer: issuer.name,
    keys,
    signer: issuer.keys.signer,
    extensions: extensionsOfLeaf('client', keys, issuer.keys, [uri(`spiffe://bench.example/ns/pay/sa/${name}`)])
  })
  return hold(certificate, keys, others)
}

export function hold (certificate: Certificate, keys: Keys, others: readonly Certificate[] = []): Holder {
  return { certificate, keys, chain: [certificate, ...others].map(({ pem }) => pem).join('') }
}

/** The material of servers that trust only this CA. */
export function materialOf (root: Authority): Material {
  const keys = makeKeys()
  const server = writeCertificate({
    subject: writeName([COMMON_NAME, 'localhost']),
    issuer: root.name,
    keys,
    signer: root.keys.signer,
    extensions: extensionsOfLeaf('server', keys, root.keys, [dnsName('localhost')])
  })
  const client = issueClient(root)
  return {
    ca: root.certificate.pem,
    server: { cert: server.pem, key: keys.pem },
    client: { cert: client.chain, key: client.keys.pem }
  }
}
