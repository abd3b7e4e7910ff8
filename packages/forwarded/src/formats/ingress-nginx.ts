import type { HeaderFormat } from '../header-format.ts'
import { nginx } from './nginx.ts'

/**
 * ingress-nginx with `auth-tls-pass-certificate-to-upstream`: the names are its own and happen to be ours for nginx (documented). It writes `ssl-client-verify` for every request
 * and the certificate only where there is one.
 */
export const ingressNginx: HeaderFormat = nginx
