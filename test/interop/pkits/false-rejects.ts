/** Why a valid path is refused on purpose. Revocation is asked with the policy `hard`: what is not known to be good is refused. */
interface FalseReject { readonly reason: string, readonly why: string }

const dsa: FalseReject = { reason: 'key_refused', why: 'DSA is not accepted' }
const rollover: FalseReject = { reason: 'revocation_unknown', why: 'CRLs count only under the key that issued the certificate, here under an older key of the same CA' }
const separateKey: FalseReject = { reason: 'revocation_unknown', why: 'the CRL is signed with a key of its own, not with the one that issued the certificate' }
const relative: FalseReject = { reason: 'revocation_unknown', why: 'distribution points named relative to the issuer are not supported' }
const someReasons: FalseReject = { reason: 'revocation_unknown', why: 'CRLs for some reasons only are not supported' }
const indirect: FalseReject = { reason: 'revocation_unknown', why: 'indirect CRLs are not supported' }

/** By test; the same with every input. */
export const FALSE_REJECTS: Readonly<Record<string, FalseReject>> = {
  '4.1.4': dsa,
  '4.1.5': dsa,
  '4.4.19': separateKey,
  '4.5.1': rollover,
  '4.5.4': rollover,
  '4.5.6': separateKey,
  '4.6.15': rollover,
  '4.6.17': rollover,
  '4.9.6': rollover,
  '4.11.7': rollover,
  '4.12.7': rollover,
  '4.12.9': rollover,
  '4.13.19': rollover,
  '4.14.4': relative,
  '4.14.5': relative,
  '4.14.7': relative,
  '4.14.18': someReasons,
  '4.14.19': someReasons,
  '4.14.22': indirect,
  '4.14.24': indirect,
  '4.14.25': indirect,
  '4.14.28': indirect,
  '4.14.29': indirect,
  '4.14.30': indirect,
  '4.14.33': indirect
}

/** Tests that only revocation decides: without it their paths are valid. */
export function isAboutRevocation (id: string): boolean {
  return /^4\.(?:4|5|14|15)\./.test(id) || id === '4.7.4' || id === '4.7.5'
}
