import type { PeerIdentity } from '@peerkit/identity'

/** The subject alternative names of one kind; `undefined` where the identity does not say, which is more than their absence. */
export function listAltNames (peer: PeerIdentity, kind: 'dns' | 'uri' | 'email' | 'ip'): readonly string[] | undefined {
  const names = peer.subjectAltNames
  return names === undefined || names.unknown.includes(kind) ? undefined : names[kind]
}
