export { stepCaIssuer } from './step-ca-issuer.ts'
export type { StepCaIssuer, StepCaRevokeOptions } from './step-ca-issuer.ts'
export type {
  StepCaEnrolOptions, StepCaIssuerOptions, StepCaTokenQuestion, StepCaX5cOptions
} from './options.ts'
