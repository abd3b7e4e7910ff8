const BOM = '\ufeff'
const BOM_BYTES = 'ï»¿'

/** First octets in hex, with what they mean. JKS and JCEKS are formats of Java's keytool. */
const BINARY: ReadonlyArray<readonly [RegExp, string]> = [
  // A byte order mark, "--" without one, and what remains of a mark where the text was decoded as UTF-8.
  [/^(fffe|feff|2d002d00|002d002d|fdfd(00)?2d00)/, 'UTF-16 text; save it as UTF-8'],
  [/^feedfeed/, 'a Java keystore (JKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^cececece/, 'a Java keystore (JCEKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srcstoretype JCEKS -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^308[0-4](..){0,4}020103/, 'PKCS#12; expected it in the option pfx'],
  [/^308[0-4](..){0,4}06092a864886f70d0107/, 'PKCS#7 in DER; convert it with ' +
    '`openssl pkcs7 -inform DER -in old.p7b -print_certs -out new.pem`'],
  [/^308[0-4](..){0,4}02010[01]/, 'a private key in DER; convert it with ' +
    '`openssl pkey -inform DER -in old.der -out new.pem`'],
  [/^308[0-4]/, 'DER; convert it with `openssl x509 -inform DER -in old.der -out new.pem`']
]

const TEXT: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(<!doctype\s+html|<html|<head|<\?xml)/i, 'an HTML or XML page'],
  [/^[{[]/, 'JSON'],
  [/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ /, 'a public key of OpenSSH'],
  [/^LS0tLS1CRUdJTi/, 'base64 of PEM; decode it first'],
  [/^$/, 'only white space']
]

/** Removes the byte order marks that editors put at the start of a file, also between files that were joined. */
export function removeByteOrderMarks (text: string): string {
  // In bytes that were read as Latin-1, the mark is three characters.
  return text.replaceAll(BOM_BYTES, '').replaceAll(BOM, '')
}

/**
 * Says what a text is that has no PEM block, without quoting any of it: it may be a secret.
 *
 * @param text a string, or bytes read as Latin-1
 */
export function describeContent (text: string): string {
  if (text.length === 0) return 'nothing (an empty file or text)'
  const start = text.slice(0, 512)
  const hex = Buffer.from(start, 'latin1').toString('hex')
  const binary = BINARY.find(([magic]) => magic.test(hex))?.[1]
  const words = removeByteOrderMarks(start).trimStart()
  return binary ?? TEXT.find(([pattern]) => pattern.test(words))?.[1] ?? 'no PEM'
}
