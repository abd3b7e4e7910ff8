import { html } from './html.ts'
import type { Html } from './html.ts'

export type TermKey = 'anchor' | 'authority' | 'bundle' | 'chain' | 'claimed' | 'clientAuth' | 'crl' | 'denied'
  | 'fingerprint' | 'gateway' | 'generation' | 'refused' | 'reported' | 'rotation' | 'serial' | 'serverAuthOnly'
  | 'spiffe' | 'trustEpoch' | 'unverified' | 'vouch'

/** What the words of the pages mean. docs/glossary.md has the same words. */
const TERMS: Readonly<Record<TermKey, readonly [word: string, meaning: string]>> = {
  anchor: ['trusted CA', 'A CA whose certificate is in the configuration. A client is accepted only if the ' +
    'signatures of its certificate lead to such a CA.'],
  authority: ['authority', 'A name in the configuration for one or several CAs. It says for which names they may ' +
    'vouch.'],
  bundle: ['trust bundle', 'The CAs of another trust domain. They are fetched again and again, because they change.'],
  chain: ['chain', 'The certificates above a certificate, each of which signed the one before it. The last is a CA ' +
    'that is trusted here.'],
  claimed: ['claimed, not believed', 'A name in the certificate for which its authority does not vouch. Rules do not ' +
    'see it.'],
  clientAuth: ['clientAuth', 'The purpose in a certificate that allows its holder to call as a client. A certificate ' +
    'without it is refused.'],
  crl: ['CRL', 'A list of revoked certificates. The CA signs it and replaces it before the time of its next update.'],
  denied: ['denied', 'The client was accepted, but no rule of the route allows this request. The answer was 403, or ' +
    '401 without a certificate.'],
  fingerprint: ['SHA-256', 'The fingerprint: a hash of the whole certificate. No two certificates have the same.'],
  generation: ['generation', 'Counts the credentials that came into force since the start: certificate, key, CAs and ' +
    'CRLs are replaced together.'],
  gateway: ['gateway', 'A proxy that forwards the certificate of the client in a header.'],
  refused: ['refused handshake', 'The connection was closed before a request was read, because the certificate is ' +
    'not accepted.'],
  reported: ['report only', 'The rules are not enforced yet: requests that they would deny are allowed and reported.'],
  rotation: ['rotation', 'New credentials replace the old ones while the service runs. Refused ones change ' +
    'nothing.'],
  serial: ['serial number', 'The number of the certificate. Its CA gives each number once. CRLs name certificates ' +
    'by it.'],
  serverAuthOnly: ['serverAuthOnly', 'An option of an authority: until a date it accepts clients whose certificates ' +
    'are only for servers.'],
  spiffe: ['SPIFFE ID', 'The name of a service as a URI: spiffe://, the trust domain, and a path.'],
  trustEpoch: ['trust epoch', 'Counts the changes of the trusted CAs, of the names that they vouch for, and of the ' +
    'CRLs of the credentials.'],
  unverified: ['unverified', 'The certificate was not accepted, so anybody may have made it. Its names prove nothing.'],
  vouch: ['vouches for', 'The names that certificates of these CAs may have. Other names in them are refused or not ' +
    'believed.']
}

/** A word that says what it means when it is pressed. Without popovers its meaning is at the end of the page. */
export function term (key: TermKey, text: string = TERMS[key][0]): Html {
  return html`<button type="button" class="term" popovertarget="term-${key}">${text}</button>`
}

/** The meanings of all terms. They are outside of the parts that the script replaces, so that they stay open. */
export function termList (): Html {
  const entries = Object.entries(TERMS).map(([key, [word, meaning]]) => html`<div popover id="term-${key}"
  class="meaning"><p><strong>${word}</strong></p><p>${meaning}</p></div>
`)
  return html`<div class="terms">${entries}</div>`
}

/** The words, for the test that compares them with the glossary. */
export const TERM_WORDS: readonly string[] = Object.values(TERMS).map(([word]) => word)
