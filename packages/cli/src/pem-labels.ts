/** PEM blocks with certificates that are not read, and what to do. They must not be skipped: a CA would be missing. */
const UNREAD: Readonly<Record<string, string>> = {
  'TRUSTED CERTIFICATE': 'expected CERTIFICATE, as openssl x509 -in FILE writes it',
  PKCS7: 'expected its certificates, as openssl pkcs7 -print_certs -in FILE writes them',
  CMS: 'expected its certificates, as openssl cms -verify -noverify -certsout OUT writes them'
}
const BEGIN = /^[ \t]*-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----/gm

/** The labels of the PEM blocks in a text (RFC 7468), each once. */
export function findLabels (text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(BEGIN), ([, label = '']) => label))]
}

/** Why a text with such blocks is refused. Undefined if it has none. */
export function describeUnread (labels: readonly string[]): string | undefined {
  const label = labels.find((one) => Object.hasOwn(UNREAD, one))
  return label === undefined ? undefined : `found PEM of a ${label}; ${UNREAD[label]}`
}

/** An old name of CERTIFICATE (RFC 7468 section 5.1). */
export function renameLabels (text: string): string {
  return text.replaceAll(/^([ \t]*-----(?:BEGIN|END)) X509 CERTIFICATE-----/gm, '$1 CERTIFICATE-----')
}
