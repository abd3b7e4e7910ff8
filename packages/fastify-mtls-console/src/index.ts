export { MTLS_ERR_CONSOLE_OPTION, MTLS_ERR_CONSOLE_WHAT_IF } from './errors.ts'
export type { WhatIfError, WhatIfRefusal } from './errors.ts'
export { default, default as fastifyMtlsConsole } from './fastify-mtls-console.ts'
export type { FastifyMtlsConsoleOptions, OutboundService } from './options.ts'
