import type { GeneralName, OtherName } from '@peerkit/identity/x509'
import { DIRECTORY_NAME_LAYOUT, isRenderingOf } from './openssl-names.ts'

const OTHER_NAMES: Readonly<Record<string, readonly [prefix: string, tag: number]>> = {
  '1.3.6.1.4.1.311.20.2.3': ['UPN', 0x0c],
  '1.3.6.1.5.5.7.8.5': ['XmppAddr', 0x0c],
  '1.3.6.1.5.5.7.8.7': ['SRVName', 0x16],
  '1.3.6.1.5.5.7.8.8': ['NAIRealm', 0x0c],
  '1.3.6.1.5.5.7.8.9': ['SmtpUTF8Mailbox', 0x0c],
}

/** Whether `text`, X509Certificate's `subjectAltName`, is Node's rendering of exactly these names in this order. */
export function isAltNameRendering (text: string, names: readonly GeneralName[]): boolean {
  let at = 0
  for (const [index, name] of names.entries()) {
    const separator = index > 0 ? ', ' : ''
    if (!text.startsWith(separator, at)) return false
    at += separator.length
    const end = name.kind === 'directoryName' ? endOfDirectoryName(text, at) : at + renderName(name).length
    const matches = name.kind === 'directoryName'
      ? text.startsWith('DirName:', at) &&
      isRenderingOf(unquote(text.slice(at + 8, end)), name.value, DIRECTORY_NAME_LAYOUT)
      : text.startsWith(renderName(name), at)
    if (!matches) return false
    at = end
  }
  return at === text.length
}

function renderName (name: Exclude<GeneralName, { kind: 'directoryName' }>): string {
  switch (name.kind) {
    case 'dns': return `DNS:${quote(name.value)}`
    case 'email': return `email:${quote(name.value)}`
    case 'uri': return `URI:${quote(name.value)}`
    case 'ip': return `IP Address:${name.value.includes(':') ? expand(name.value) : name.value}`
    case 'registeredId': return `Registered ID:${name.value}`
    case 'otherName': return renderOtherName(name.value)
    case 'x400Address': return 'X400Name:<unsupported>'
    case 'ediPartyName': return 'EdiPartyName:<unsupported>'
  }
}

function renderOtherName (name: OtherName): string {
  const [prefix, tag] = OTHER_NAMES[name.type] ?? []
  if (prefix === undefined || name.raw[0] !== tag || name.value === undefined) return 'othername:<unsupported>'
  return `othername:${quote(name.value, prefix, tag === 0x0c)}`
}

/** Node writes a name as it is where that is safe, and as JSON with `,` and controls as `\u00XX` where it is not. */
function quote (value: string, prefix = '', unicode = false): string {
  const head = prefix === '' ? '' : `${prefix}:`
  const unsafe = unicode ? /["\\,'\p{Cc}]/u : /["\\,']|[^ -~]/
  // C1 controls are no ASCII controls; in UTF-8 they are two octets with the high bit set, and pass.
  if (!unsafe.test(unicode ? value.replace(/[\x80-\x9f]/g, '') : value)) return `${head}${value}`
  const escaped = Array.from(value, (character) => {
    const code = character.codePointAt(0) as number
    if (character === '\\' || character === '"') return `\\${character}`
    if (code >= 0x20 && code !== 0x2c && code !== 0x7f && (code < 0x7f || unicode)) return character
    return `\\u00${code.toString(16).padStart(2, '0')}`
  })
  return `"${head}${escaped.join('')}"`
}

/** A directory name ends at the closing quote, or, unquoted, at the next comma: Node quotes every name that has one. */
function endOfDirectoryName (text: string, at: number): number {
  const start = at + 'DirName:'.length
  if (text[start] !== '"') {
    const comma = text.indexOf(', ', start)
    return comma === -1 ? text.length : comma
  }
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end + 1
}

function unquote (text: string): string {
  return text.startsWith('"') ? JSON.parse(text) as string : text
}

/** Node writes eight groups in upper case, without `::`. */
function expand (address: string): string {
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0')
  return [...front, ...zeros, ...back].join(':').toUpperCase()
}
