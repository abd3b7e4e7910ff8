import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG, checkInteger, checkNull, decodeBitString } from '../der/primitives.ts'
import { DerReader, checkWellFormed, enterOnly, expectOnly } from '../der/reader.ts'
import type { DerElement } from '../der/reader.ts'
import { malformed } from '../errors.ts'
import { EXTENSION } from './extensions.ts'
import type { Extension } from './extensions.ts'
import { readGeneralName } from './general-names.ts'

type Check = (bytes: Uint8Array, start: number, end: number) => void

/**
 * Checks of extensions that are not part of an identity, but of path validation. OpenSSL does not treat a
 * certificate with a malformed one as a CA, and verifies nothing below it. A parser that ignored the error would
 * report a CA that no handshake accepts.
 */
const CHECKS: ReadonlyMap<string, Check> = new Map([
  [EXTENSION.subjectKeyIdentifier, (bytes, start, end) => { expectOnly(bytes, start, end, TAG.octetString) }],
  [EXTENSION.authorityKeyIdentifier, checkAuthorityKeyIdentifier],
  [EXTENSION.crlDistributionPoints, checkDistributionPoints],
  [EXTENSION.nameConstraints, checkNameConstraints],
  // Netscape's certificate type, and the resources of RFC 3779.
  ['2.16.840.1.113730.1.1', checkCertificateType],
  ['1.3.6.1.5.5.7.1.7', checkAddressBlocks],
  ['1.3.6.1.5.5.7.1.8', checkSystemNumbers],
  ['1.3.6.1.5.5.7.1.14', refuseProxyCertificate],
])

/** @throws DerInvalidError */
export function checkExtensions (bytes: Uint8Array, extensions: ReadonlyMap<string, Extension>): void {
  for (const [oid, { offset, value }] of extensions) CHECKS.get(oid)?.(bytes, offset, offset + value.length)
}

function checkCertificateType (bytes: Uint8Array, start: number, end: number): void {
  const type = expectOnly(bytes, start, end, TAG.bitString)
  decodeBitString(bytes, type.contentStart, type.end)
}

/**
 * A proxy certificate (RFC 3820) is signed by a leaf, which chooses the name in it. OpenSSL refuses them by default.
 * This package always does.
 */
function refuseProxyCertificate (bytes: Uint8Array, start: number): never {
  malformed('extension_invalid', start, 'proxy certificate')
}

/** RFC 5280 4.2.1.1. */
function checkAuthorityKeyIdentifier (bytes: Uint8Array, start: number, end: number): void {
  const reader = enterOnly(bytes, start, end)
  reader.optional(0x80)
  const issuer = reader.optional(0xa1)
  if (issuer !== undefined) checkGeneralNames(reader.inside(issuer))
  const serial = reader.optional(0x82)
  if (serial !== undefined) checkInteger(bytes, serial.contentStart, serial.end)
  reader.finish()
}

/** RFC 5280 4.2.1.13. */
function checkDistributionPoints (bytes: Uint8Array, start: number, end: number): void {
  const points = enterOnly(bytes, start, end)
  while (!points.done) {
    const point = points.enter(TAG.sequence)
    const name = point.optional(0xa0)
    if (name !== undefined) checkDistributionPointName(point.inside(name))
    const reasons = point.optional(0x81)
    if (reasons !== undefined) decodeBitString(bytes, reasons.contentStart, reasons.end)
    const issuer = point.optional(0xa2)
    if (issuer !== undefined) checkGeneralNames(point.inside(issuer))
    point.finish()
    if (name === undefined && (issuer === undefined || issuer.contentStart === issuer.end)) {
      malformed('extension_invalid', point.end, 'distribution point without a location')
    }
  }
}

function checkDistributionPointName (reader: DerReader): void {
  const full = reader.optional(0xa0)
  if (full !== undefined) checkGeneralNames(reader.inside(full))
  else checkRelativeName(reader.enter(0xa1))
  reader.finish()
}

function checkRelativeName (rdn: DerReader): void {
  if (rdn.done) malformed('name_invalid', rdn.offset, 'empty RDN')
  while (!rdn.done) {
    const attribute = rdn.enter(TAG.sequence)
    const oid = attribute.expect(TAG.objectIdentifier)
    decodeObjectIdentifier(rdn.bytes, oid.contentStart, oid.end)
    const value = attribute.next()
    attribute.finish()
    checkWellFormed(rdn.bytes, value.start, value.end)
  }
}

/** RFC 5280 4.2.1.10. */
function checkNameConstraints (bytes: Uint8Array, start: number, end: number): void {
  const reader = enterOnly(bytes, start, end)
  for (const tag of [0xa0, 0xa1]) {
    const element = reader.optional(tag)
    if (element === undefined) continue
    const subtrees = reader.inside(element)
    while (!subtrees.done) {
      const subtree = subtrees.enter(TAG.sequence)
      checkGeneralName(subtree, subtree.next())
      for (const bound of [0x80, 0x81]) {
        const distance = subtree.optional(bound)
        if (distance !== undefined) checkInteger(bytes, distance.contentStart, distance.end)
      }
      subtree.finish()
    }
  }
  reader.finish()
}

function checkGeneralNames (reader: DerReader): void {
  while (!reader.done) checkGeneralName(reader, reader.next())
}

/**
 * Checks a GeneralName, but not its text or address: constraints and locations may have values that no alternative
 * name may have.
 */
function checkGeneralName ({ bytes }: DerReader, element: DerElement): void {
  if (element.tag !== 0x81 && element.tag !== 0x82 && element.tag !== 0x86 && element.tag !== 0x87) {
    readGeneralName(bytes, element)
  }
}

/**
 * Checks the address blocks of RFC 3779 section 2.2.3: families of addresses, each inherited or a list of prefixes
 * and ranges.
 *
 * @throws DerInvalidError
 */
function checkAddressBlocks (bytes: Uint8Array, start: number, end: number): void {
  const families = enterOnly(bytes, start, end)
  while (!families.done) {
    const family = families.enter(TAG.sequence)
    family.expect(TAG.octetString)
    checkInheritedOrList(family, checkPrefix)
    family.finish()
  }
}

/** Checks the autonomous system numbers of RFC 3779 section 3.2.3. @throws DerInvalidError */
function checkSystemNumbers (bytes: Uint8Array, start: number, end: number): void {
  const kinds = enterOnly(bytes, start, end)
  for (const tag of [0xa0, 0xa1]) {
    const kind = kinds.optional(tag)
    if (kind === undefined) continue
    const inside = kinds.inside(kind)
    checkInheritedOrList(inside, checkNumber)
    inside.finish()
  }
  kinds.finish()
}

function checkInheritedOrList (reader: DerReader, checkBound: (reader: DerReader) => void): void {
  const inherited = reader.optional(TAG.null)
  if (inherited !== undefined) return checkNull(inherited.contentStart, inherited.end)
  const list = reader.enter(TAG.sequence)
  while (!list.done) {
    if (list.peek() !== TAG.sequence) {
      checkBound(list)
      continue
    }
    const range = list.enter(TAG.sequence)
    checkBound(range)
    checkBound(range)
    range.finish()
  }
}

function checkPrefix (reader: DerReader): void {
  const { contentStart, end } = reader.expect(TAG.bitString)
  decodeBitString(reader.bytes, contentStart, end)
}

function checkNumber (reader: DerReader): void {
  const { contentStart, end } = reader.expect(TAG.integer)
  checkInteger(reader.bytes, contentStart, end)
}
