import type { PeerIdentity } from '@peerkit/identity'

/** The subject alternative names of one kind. An empty list means none, `undefined` means unknown. */
export function listAltNames (peer: PeerIdentity, kind: 'dns' | 'uri' | 'email' | 'ip'): readonly string[] | undefined {
  const names = peer.subjectAltNames
  return names === undefined || names.unknown.includes(kind) ? undefined : names[kind]
}
