export { runPeerkit } from './run-peerkit.ts'
export type { Output } from './run-peerkit.ts'
