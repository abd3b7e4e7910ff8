const BOM = '\ufeff'
const BOM_BYTES = 'ï»¿'
/** The base64 of "-----BEGIN". */
const ENCODED_PEM = 'LS0tLS1CRUdJTi'

/** First octets, with what they mean. JKS and JCEKS are formats of Java's keytool. */
const MAGIC: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(\u00ff\u00fe|\u00fe\u00ff|\ufffe|-\0-\0|\0-\0-)/, 'UTF-16 text; save it as UTF-8'],
  [/^\u00fe\u00ed\u00fe\u00ed/, 'a Java keystore (JKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^\u00ce\u00ce\u00ce\u00ce/, 'a Java keystore (JCEKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srcstoretype JCEKS -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^0[\u0080-\u0084][^]{0,4}\u0002\u0001\u0003/, 'PKCS#12; expected it in the option pfx'],
  [/^0[\u0080-\u0084][^]{0,4}\u0006\u0009\u002a\u0086\u0048\u0086\u00f7\u000d\u0001\u0007/, 'PKCS#7 in DER; convert ' +
    'it with `openssl pkcs7 -inform DER -in old.p7b -print_certs -out new.pem`'],
  [/^0[\u0080-\u0084][^]{0,4}\u0002\u0001[\u0000\u0001]/, 'a private key in DER; convert it with ' +
    '`openssl pkey -inform DER -in old.der -out new.pem`'],
  [/^0[\u0080-\u0084]/, 'DER; convert it with `openssl x509 -inform DER -in old.der -out new.pem`'],
  [/^\s*(<!doctype\s+html|<html|<head|<\?xml)/i, 'an HTML or XML page'],
  [/^\s*[{[]/, 'JSON'],
  [/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ /, 'a public key of OpenSSH']
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
 * @example
 * ```ts
 * console.log(describeContent('<!doctype html>')) // an HTML or XML page
 * ```
 */
export function describeContent (text: string): string {
  if (text.length === 0) return 'nothing (an empty file or text)'
  const found = MAGIC.find(([magic]) => magic.test(text.slice(0, 512)))?.[1]
  if (found !== undefined) return found
  const start = removeByteOrderMarks(text.slice(0, 512)).trimStart()
  if (start === '' && text.trim() === '') return 'only white space'
  if (start.startsWith(ENCODED_PEM)) return 'base64 of PEM; decode it first'
  return 'no PEM'
}
