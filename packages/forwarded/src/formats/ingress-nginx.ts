import type { HeaderFormat } from '../headers/header-format.ts'
import { nginx } from './nginx.ts'

/**
 * ingress-nginx with `auth-tls-pass-certificate-to-upstream` (documented). It fixes the header names, which are the
 * same as in the format `nginx`. It writes `ssl-client-verify` on every request, and the certificate only if there is
 * one.
 */
export const ingressNginx: HeaderFormat = nginx
