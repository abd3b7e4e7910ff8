// The parts that the interop tests start too.
export { freePort, startProgram } from '@peerkit/example-spire'
export { findBao } from './openbao/find-tool.ts'
export { MOUNT, makeAppRole, mountPki, ROOT_MOUNT } from './openbao/pki.ts'
export type { Pki } from './openbao/pki.ts'
export { startOpenBao } from './openbao/server.ts'
export type { OpenBao, OpenBaoCall, OpenBaoOptions } from './openbao/server.ts'
