import { encodePem } from '@peerkit/identity'
import { element } from '@peerkit/test-support/der'
import { altNames, newKeys, Party, purposes, SERVER_AUTH } from '@peerkit/test-support/mint'

/** A server, and the CA that vouches for it. All of it is PEM. */
export interface CurveServer { readonly cert: string, readonly key: string, readonly ca: string }

/** 127.0.0.1 as an alternative name. */
const LOOPBACK = element(0x87, Buffer.from([127, 0, 0, 1]))
const DAY = 86_400_000

/** A server with keys on curves that the suite's own CA does not make. */
export function issueOnCurves ({ ca: caCurve = 'prime256v1', leaf: leafCurve = 'prime256v1' }): CurveServer {
  const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + 7 * DAY }
  const ca = new Party(`CN=Root on ${caCurve}`, { keys: newKeys(caCurve) })
  const keys = newKeys(leafCurve)
  const root = encodePem(ca.root(validity))
  const leaf = ca.issue(`CN=server on ${leafCurve}`, {
    ...validity, keys, extensions: [purposes(SERVER_AUTH), altNames(LOOPBACK)]
  })
  return {
    cert: encodePem(leaf) + root,
    key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    ca: root
  }
}
