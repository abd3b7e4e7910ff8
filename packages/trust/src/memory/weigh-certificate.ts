import { weighIdentity } from '@peerkit/identity/internal'
import type { Certificate } from '../certificate/certificate.ts'

/** Bytes of a parsed certificate beside its identity: its keys in a Map, and its public key in OpenSSL. */
const BESIDE = 3_000

/** How much memory a certificate of a validated path keeps in use, in bytes, approximately. */
export function weighCertificate ({ identity }: Certificate): number { return BESIDE + weighIdentity(identity) }
