export {
  connectionEnded, connectionIdentified, forwardedRefused, forwardedStripped, handshakeRefused
} from '@peerkit/events'
export type { ConnectionEndedMessage, ConnectionIdentifiedMessage, HandshakeRefusedMessage } from '@peerkit/events'
