export { AllowedClients } from './allowed-clients.ts'
export type { AllowedClientsDecoratorOptions } from './allowed-clients.ts'
export { nestLogger } from './nest-logger.ts'
export type { NestLoggerOptions, NestLoggerService } from './nest-logger.ts'
