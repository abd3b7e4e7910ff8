import { flawOfClaim, isSpiffe } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity, SubjectAltNameKind } from '@peerkit/identity'
import { listAdmission, listQualified, readAdmissionBound, readQualifiedBound } from './claim-bounds.ts'
import {
  readDnsBound, readEmailBound, readIpBound, readOidBound, readUpnBound
} from './text-bounds.ts'
import type { TextBound } from './text-bounds.ts'
import { readSpiffeBound, readUriBound } from './uri-bounds.ts'

/** The kinds of names that are strings. The subject is the only other kind. */
export type TextKind = Exclude<ClaimKind, 'subject'>

/** How one kind of names is read, bounded and reported. */
export interface NameKind {
  /** The kind in sentences. */
  readonly label: string
  /** The list of subjectAltName that has its names; undefined if they are elsewhere. */
  readonly list: SubjectAltNameKind | undefined
  /** The names of a certificate. */
  readonly namesOf: (certificate: PeerIdentity) => readonly string[] | undefined
  /** Reads one bound. @throws PathOptionError */
  readonly readBound?: (text: string, where: string) => TextBound
  /** Reads all bounds, where they are not strings. @throws PathOptionError */
  readonly readBounds?: (bound: unknown, where: string) => readonly TextBound[]
  /** Why the claims of a certificate cannot be read, for those in an extension of their own. */
  readonly flawOf?: (certificate: PeerIdentity) => string | undefined
}

const UPN = '1.3.6.1.4.1.311.20.2.3'

/** In the order of texts and lists. */
export const TEXT_KINDS: ReadonlyMap<TextKind, NameKind> = new Map(Object.entries({
  spiffe: {
    label: 'SPIFFE ID',
    list: 'uri',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.uri.filter(isSpiffe),
    readBound: readSpiffeBound
  },
  dns: {
    label: 'DNS name',
    list: 'dns',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.dns,
    readBound: readDnsBound
  },
  uri: {
    label: 'URI',
    list: 'uri',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.uri.filter((uri) => !isSpiffe(uri)),
    readBound: readUriBound
  },
  email: {
    label: 'mail address',
    list: 'email',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.email,
    readBound: readEmailBound
  },
  ip: {
    label: 'IP address',
    list: 'ip',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.ip,
    readBound: readIpBound
  },
  upn: {
    label: 'user principal name',
    list: 'otherName',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.otherName.map(({ type, value }) => {
      return type === UPN && value !== undefined ? value : `otherName ${type}`
    }),
    readBound: readUpnBound
  },
  policy: {
    label: 'certificate policy',
    list: undefined,
    namesOf: ({ policies }) => policies,
    readBound: readOidBound
  },
  registeredId: {
    label: 'registered ID',
    list: 'registeredId',
    namesOf: ({ subjectAltNames }) => subjectAltNames?.registeredId,
    readBound: readOidBound
  },
  qualified: {
    label: 'qualified statement',
    list: undefined,
    namesOf: ({ qualified }) => qualified && listQualified(qualified),
    readBounds: readQualifiedBound,
    flawOf: (certificate) => flawOfClaim(certificate, 'qualified')
  },
  admission: {
    label: 'admission',
    list: undefined,
    namesOf: ({ admission }) => admission && listAdmission(admission),
    readBounds: readAdmissionBound,
    flawOf: (certificate) => flawOfClaim(certificate, 'admission')
  },
  // Every certificate has extensions. Those that are not listed are not believed, and are no reason to refuse it.
  extension: { label: 'extension', list: undefined, namesOf: () => [], readBound: readOidBound }
} satisfies Record<TextKind, NameKind>) as Array<[TextKind, NameKind]>)

/** Every kind of claim, in the order of texts and lists. */
export const CLAIM_KINDS: readonly ClaimKind[] = Object.freeze(['subject', ...TEXT_KINDS.keys()])
