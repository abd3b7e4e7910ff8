import { PSP_ROLES, QC_TYPES, isObjectIdentifier } from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import { DevCaOptionError } from '../errors.ts'
import type { AdmissionOption, IssueOptions, QualifiedOption } from '../options.ts'
import { encodeElement, encodeObjectIdentifier, encodeSequence } from './der.ts'
import { listOf } from './distinguished-name.ts'

/** OIDs of the extensions qcStatements (RFC 3739 section 3.2.6) and admission (Common PKI part 1). */
const QC_STATEMENTS = '1.3.6.1.5.5.7.1.3'
const ADMISSION = '1.3.36.8.3.3'

/** The encoded claims of a leaf, by the OID of their extension. @throws DevCaOptionError */
export function encodeClaims (
  { qualified, admission }: IssueOptions
): ReadonlyArray<readonly [oid: string, value: Uint8Array]> {
  const admitted: readonly AdmissionOption[] = admission === undefined ? [] : [admission].flat()
  return [
    ...(qualified === undefined ? [] : [[QC_STATEMENTS, encodeStatements(qualified)] as const]),
    ...(admitted.length === 0 ? [] : [[ADMISSION, encodeAdmission(admitted)] as const])
  ]
}

/** qcStatements (ETSI EN 319 412-5, ETSI TS 119 495 section 5.1). */
function encodeStatements ({ compliance = true, type, psd2 }: QualifiedOption): Uint8Array {
  const statement = (oid: string, ...info: readonly Uint8Array[]): Uint8Array => {
    return encodeSequence(encodeObjectIdentifier(oid), ...info)
  }
  const types = listOf(type).map((one) => oidOf(QC_TYPES, one, 'qualified.type'))
  const services = psd2 === undefined
    ? []
    : [encodeSequence(
        encodeSequence(...listOf(psd2.roles).map(encodeRole)),
        utf8(psd2.authorityName ?? psd2.authority),
        utf8(psd2.authority)
      )]
  return encodeSequence(
    ...(compliance ? [statement('0.4.0.1862.1.1')] : []),
    ...(types.length === 0
      ? []
      : [statement('0.4.0.1862.1.6', encodeSequence(...types.map(encodeObjectIdentifier)))]),
    ...services.map((info) => statement('0.4.0.19495.2', info))
  )
}

function encodeRole (role: string): Uint8Array {
  return encodeSequence(encodeObjectIdentifier(oidOf(PSP_ROLES, role, 'qualified.psd2.roles')), utf8(role))
}

/** @throws DevCaOptionError for what is neither a name nor an OID */
function oidOf (names: Readonly<Record<string, string>>, value: string, option: string): string {
  const oid = Object.hasOwn(names, value) ? names[value] : value
  if (oid !== undefined && isObjectIdentifier(oid)) return oid
  throw new DevCaOptionError(
    `${option} is ${JSON.stringify(value)}; expected ${Object.keys(names).join(', ')} or a dotted OID`
  )
}

/** One admission with a ProfessionInfo for each entry. */
function encodeAdmission (admitted: readonly AdmissionOption[]): Uint8Array {
  return encodeSequence(encodeSequence(encodeSequence(encodeSequence(...admitted.map(encodeProfession)))))
}

function encodeProfession ({ profession, professionOid, registrationNumber }: AdmissionOption): Uint8Array {
  const oids = listOf(professionOid)
  return encodeSequence(
    encodeSequence(...listOf(profession).map(utf8)),
    ...(oids.length === 0 ? [] : [encodeSequence(...oids.map(encodeObjectIdentifier))]),
    ...(registrationNumber === undefined
      ? []
      : [encodeElement(TAG.printableString, Buffer.from(registrationNumber))])
  )
}

function utf8 (text: string): Uint8Array {
  return encodeElement(TAG.utf8String, Buffer.from(text))
}
