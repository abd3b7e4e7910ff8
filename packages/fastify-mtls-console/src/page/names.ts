import { describeAttributeType, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, NameAttribute } from '@peerkit/identity'
import { html } from './html.ts'
import type { Html, HtmlValue } from './html.ts'

/** `CN=web (sha256:054d692ff1083c58)`, as an identity writes itself. */
const WITH_FINGERPRINT = /^(.+?) \(sha256:[0-9a-f]{16}\)(.*)$/s

/**
 * A distinguished name without the escapes of RFC 4514. Markup separates its parts, so that a comma in a value does not
 * look like a new part. A text that is no such name, such as a clipped one, stays as it is.
 */
export function showDistinguishedName (text: string): Html {
  const name = parse(text)
  if (name === undefined || name.rdns.length === 0) return html`${text}`
  // RFC 4514 has the most specific part first.
  const parts = name.rdns.toReversed()
  return html`<span class="dn">${parts.map((rdn, index) => html`${index > 0 && ', '}<span
    class="rdn">${rdn.map((attribute, place) => showAttribute(attribute, place > 0))}</span>`)}</span>`
}

function showAttribute ({ type, value }: NameAttribute, isNext: boolean): Html {
  return html`${isNext && ' + '}<span class="kind">${describeAttributeType(type)}=</span>${value}`
}

function parse (text: string): DistinguishedName | undefined {
  try {
    return parseDistinguishedName(text)
  } catch {
    return undefined
  }
}

/** A peer as an event names it, without its fingerprint, which the details have. */
export function showPeer (text: string): Html {
  const [, name = text, via = ''] = WITH_FINGERPRINT.exec(text) ?? []
  return html`${showName(name)}${via}`
}

/** A SPIFFE ID, a DNS name or a distinguished name. */
export function showName (text: string): Html {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? html`${breakable(text)}` : showDistinguishedName(text)
}

/** A name with line break opportunities after slashes, dots, colons and commas. */
export function breakable (text: string): Html[] {
  return text.split(/(?<=[/.:,])/).map((piece, index) => index === 0 ? html`${piece}` : html`<wbr>${piece}`)
}

/**
 * A sentence in which distinguished names may occur, shown without their escapes.
 *
 * @param names the names that may occur, as the sentence writes them
 */
export function showSentence (sentence: string, names: ReadonlyArray<string | undefined>): Html {
  // The longest first, because a name may be the beginning of another.
  const known = names.flatMap((name) => name?.includes('=') === true ? [name] : [])
    .sort((a, b) => b.length - a.length)
  let pieces: readonly HtmlValue[] = [sentence]
  for (const name of new Set(known)) {
    pieces = pieces.flatMap((piece) => typeof piece === 'string' ? splitAt(piece, name) : [piece])
  }
  return html`${pieces}`
}

function splitAt (text: string, name: string): HtmlValue[] {
  return text.split(name).flatMap((piece, index) => index === 0 ? [piece] : [showDistinguishedName(name), piece])
}
