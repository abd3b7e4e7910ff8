import { refuseReading } from '../header-format.ts'
import type { HeaderFormat, HeaderValues, Reading } from '../header-format.ts'

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/

/**
 * Linkerd's `l5d-client-id`: the one identity of a meshed client, a DNS name such as `web.prod.serviceaccount.identity.linkerd.cluster.local`, or a SPIFFE ID from outside the cluster (documented). No certificate
 * comes with it, so that all else about the client is unknown. Absent where the client is not meshed.
 */
export const linkerd: HeaderFormat = { headers: { certificate: 'l5d-client-id' }, verifies: true, read }

function read ({ certificate: name }: HeaderValues, byGateway: boolean): Reading {
  if (name === undefined) return { state: 'none' }
  // There is nothing to validate.
  if (!byGateway) return refuseReading('certificate_missing', 'certificate')
  if (name.startsWith('spiffe://')) return { state: 'claims', claims: [{ known: { spiffeId: name } }] }
  return DNS_NAME.test(name)
    ? { state: 'claims', claims: [{ known: { subjectAltNames: { dns: [name] } } }] }
    : refuseReading('malformed', 'certificate')
}
