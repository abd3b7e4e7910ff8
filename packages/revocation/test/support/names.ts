import { DerSequence, writeElement, writeOid } from '../../src/x509/der.ts'

// Names of CAs, written in other ways than dev-ca does.

const UTF8 = 0x0c
const BMP = 0x1e

/** A name of one common name. */
export function nameDer (commonName: string, tag: number = UTF8): Uint8Array {
  return writeElement(
    0x30, writeElement(0x31, writeElement(0x30, writeOid('2.5.4.3'), writeElement(tag, encodeText(commonName, tag))))
  )
}

/** The same name with every value written in another way. For names of ASCII with one attribute in each RDN. */
export function rewriteName (name: Uint8Array, tag: number, rewrite = (text: string): string => text): Uint8Array {
  const rdns: Uint8Array[] = []
  const list = DerSequence.of(name, 0x30)
  while (!list.done) {
    const attribute = list.open(0x31).open(0x30)
    const type = attribute.whole(attribute.next())
    const value = Buffer.from(attribute.content(attribute.next())).toString()
    rdns.push(writeElement(0x31, writeElement(0x30, type, writeElement(tag, encodeText(rewrite(value), tag)))))
  }
  return writeElement(0x30, ...rdns)
}

function encodeText (text: string, tag: number): Uint8Array {
  return tag === BMP ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text)
}
