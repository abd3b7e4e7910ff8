import { fileCredentials } from '@peerkit/credentials'
import type { FileCredentials } from '@peerkit/credentials'

/** Where the manifests mount the identity and the trusted CAs. */
const { IDENTITY = '/var/run/identity', TRUST = '/var/run/trust' } = process.env

/**
 * The certificate and key of this pod. Secrets and cert-manager's CSI driver write the same names. The CAs come from
 * trust-manager, so that all pods trust the same CAs. Another CA may have issued a pod's certificate.
 */
export async function podCredentials (): Promise<FileCredentials> {
  return await fileCredentials({
    cert: `${IDENTITY}/tls.crt`, key: `${IDENTITY}/tls.key`, ca: `${TRUST}/ca.pem`, watch: true
  })
}
