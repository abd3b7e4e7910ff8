/**
 * A flaw of certificates that real CAs issue and OpenSSL accepts. It is refused unless it is tolerated.
 *
 * - `alt-names` (RFC 5280 section 4.2.1.6): alternative names without any name, a DNS name, URI or mail address that
 *   is empty or not printable ASCII, an IP address of a wrong length, another name whose text is not valid. The kind of
 *   a name that cannot be read is unknown.
 * - `serial-number` (RFC 5280 section 4.1.2.2): a negative serial number, which is `-` and the digits of its amount.
 */
export type CertificateFlaw = 'alt-names' | 'serial-number'

/** Every flaw that can be tolerated. */
export const CERTIFICATE_FLAWS: readonly CertificateFlaw[] = Object.freeze(['alt-names', 'serial-number'])
