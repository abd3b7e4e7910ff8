export { outboundIdentified, outboundRefused } from '@peerkit/events'
