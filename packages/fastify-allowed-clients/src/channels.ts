export { requestAllowed, requestDenied, requestWouldDeny, rulesRefused, rulesReloaded } from '@peerkit/events'
export type { RequestJudgedMessage, RulesRefusedMessage, RulesReloadedMessage } from '@peerkit/events'
