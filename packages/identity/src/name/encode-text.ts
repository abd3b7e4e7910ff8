/** The DER encoding of a text as UTF8String, in lower-case hex. */
export function encodeTextHex (text: string): string {
  const content = Buffer.from(text, 'utf8')
  return `0c${encodeLengthHex(content.length)}${content.toString('hex')}`
}

function encodeLengthHex (length: number): string {
  const digits = length.toString(16)
  const octets = digits.length % 2 === 0 ? digits : `0${digits}`
  return length < 0x80 ? octets : `${(0x80 + octets.length / 2).toString(16)}${octets}`
}
