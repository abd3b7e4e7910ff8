import { rdnKeys } from '@peerkit/identity'
import { decodeSmallInteger, DerReader, TAG } from '@peerkit/identity/der'
import type { DerElement } from '@peerkit/identity/der'
import { readName } from '@peerkit/identity/x509'
import { isDomain, isLocalPart } from './text-name.ts'

type Form = 'email' | 'dns' | 'directoryName' | 'uri' | 'ip'

/**
 * The GeneralName tags for which constraints are supported. A constraint of another form refuses names of that form.
 */
export const FORM: Readonly<Record<Form, number>> = Object.freeze({
  email: 0x81, dns: 0x82, directoryName: 0xa4, uri: 0x86, ip: 0x87
})

/** The base of one GeneralSubtree (RFC 5280 section 4.2.1.10). */
export interface Subtree {
  /** The tag of its GeneralName. */
  readonly form: number
  /** For DNS names, mail addresses and URIs: the text, with the host in lower case. */
  readonly text: string
  /** For directory names: the RDNs. */
  readonly rdns: readonly string[]
  /** For IP addresses: address and mask. */
  readonly octets: Uint8Array
  /** Why the subtree cannot be decided. Then every certificate with a name of this form is refused. */
  readonly flaw: string | undefined
}

export interface NameConstraints {
  readonly permitted: readonly Subtree[]
  readonly excluded: readonly Subtree[]
  /** Why the constraints cannot be decided. Then every certificate below is refused. */
  readonly flaw: string | undefined
}

const NOTHING = new Uint8Array(0)

/** @throws DerInvalidError */
export function readNameConstraints (value: Uint8Array): NameConstraints {
  const outer = new DerReader(value)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const flaws: string[] = []
  const lists = [0xa0, 0xa1].map((tag) => {
    const element = reader.optional(tag)
    return element === undefined ? [] : readSubtrees(reader.inside(element), flaws)
  })
  reader.finish()
  const [permitted = [], excluded = []] = lists
  // RFC 5280 section 4.2.1.10: at least one of the two, and GeneralSubtrees has at least one element.
  if (permitted.length + excluded.length === 0) flaws.push('empty')
  return { permitted, excluded, flaw: flaws[0] }
}

function readSubtrees (reader: DerReader, flaws: string[]): Subtree[] {
  const subtrees: Subtree[] = []
  if (reader.done) flaws.push('empty list')
  while (!reader.done) {
    const subtree = reader.enter(TAG.sequence)
    const base = subtree.next()
    const minimum = subtree.optional(0x80)
    const maximum = subtree.optional(0x81)
    subtree.finish()
    // "minimum MUST be zero, and maximum MUST be absent."
    const isShifted = minimum !== undefined && decodeSmallInteger(reader.bytes, minimum.contentStart, minimum.end) !== 0
    const flaw = isShifted ? 'minimum other than 0' : maximum !== undefined ? 'maximum' : undefined
    const read = readBase(reader.bytes, base)
    subtrees.push(flaw === undefined ? read : { ...read, flaw })
  }
  return subtrees
}

function readBase (bytes: Uint8Array, { tag, contentStart, end }: DerElement): Subtree {
  const content = bytes.subarray(contentStart, end)
  const plain = { form: tag, text: '', rdns: [], octets: NOTHING, flaw: undefined }
  switch (tag) {
    case FORM.directoryName: return { ...plain, rdns: rdnKeys(readName(bytes, contentStart, end)) }
    case FORM.ip: {
      const flaw = isNetwork(content) ? undefined : 'IP range that is not an address with a prefix mask'
      return { ...plain, octets: content, flaw }
    }
    case FORM.dns: case FORM.uri: case FORM.email: {
      const text = Buffer.from(content).toString('latin1')
      const at = text.lastIndexOf('@') + 1
      const what = tag === FORM.dns ? 'DNS name' : tag === FORM.uri ? 'URI host' : 'mailbox or mail host'
      const flaw = isTextBase(tag, text) ? undefined : `${JSON.stringify(text.slice(0, 100))} as a ${what}`
      return { ...plain, text: text.slice(0, at) + text.slice(at).toLowerCase(), flaw }
    }
    default: return plain
  }
}

/**
 * Whether a text is a valid base by RFC 5280 section 4.2.1.10. For URI and mail hosts, a leading period means
 * subdomains; for DNS names see `matchDns`.
 */
function isTextBase (tag: number, text: string): boolean {
  const withoutPeriod = text.startsWith('.') ? text.slice(1) : text
  if (tag === FORM.dns) return text === '' || isDomain(withoutPeriod)
  if (tag === FORM.uri) return isDomain(withoutPeriod)
  const at = text.lastIndexOf('@')
  if (at === -1) return isDomain(withoutPeriod)
  // A second guard: `isLocalPart` refuses an empty text too.
  return at > 0 && isLocalPart(text.slice(0, at)) && isDomain(text.slice(at + 1))
}

/** Whether octets are an address and a mask of the same length, whose ones all come first (RFC 4632). */
function isNetwork (octets: Uint8Array): boolean {
  if (octets.length !== 8 && octets.length !== 32) return false
  let ended = false
  for (const octet of octets.subarray(octets.length / 2)) {
    if (ended && octet !== 0) return false
    // An octet is 1…10…0 exactly if its complement plus one is a power of two.
    if ((((0xff ^ octet) + 1) & (0xff ^ octet)) !== 0) return false
    if (octet !== 0xff) ended = true
  }
  return true
}
