import type { HeaderFormat } from '../headers/header-format.ts'
import { createXfccFormat } from './xfcc.ts'

/**
 * Azure Container Apps (documented): the ingress is Envoy, and sends `X-Forwarded-Client-Cert` with certificate and
 * chain. It also lets in a certificate that it cannot verify, such as a self-signed one; the app must verify it.
 */
export const azureContainerApps: HeaderFormat = { ...createXfccFormat(1), verifies: false }
