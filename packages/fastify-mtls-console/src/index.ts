export { ConsoleOptionError, ConsoleWhatIfError } from './errors.ts'
export type { WhatIfRefusal } from './errors.ts'
export { default, default as fastifyMtlsConsole } from './fastify-mtls-console.ts'
export type { FastifyMtlsConsoleOptions, OutboundService } from './options.ts'
