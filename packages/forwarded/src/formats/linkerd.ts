import { refuseReading } from '../headers/header-format.ts'
import type { HeaderFormat, HeaderValues, Reading } from '../headers/header-format.ts'

const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/

/**
 * Linkerd's `l5d-client-id` (documented): the identity of a meshed client, which is a DNS name such as
 * `web.prod.serviceaccount.identity.linkerd.cluster.local`, or a SPIFFE ID from outside the cluster. There is no
 * certificate, so everything else about the client is unknown. The header is absent if the client is not meshed.
 */
export const linkerd: HeaderFormat = { headers: { certificate: 'l5d-client-id' }, verifies: true, read }

function read ({ certificate: name }: HeaderValues, byGateway: boolean): Reading {
  if (name === undefined) return { state: 'none' }
  // Without a certificate, in-process validation is not possible.
  if (!byGateway) return refuseReading('certificate_missing', 'certificate')
  if (name.startsWith('spiffe://')) return { state: 'claims', claims: [{ known: { spiffeId: name } }] }
  return DNS_NAME.test(name)
    ? { state: 'claims', claims: [{ known: { subjectAltNames: { dns: [name] } } }] }
    : refuseReading('malformed', 'certificate')
}
