export { adviseClientAuth, describeDay } from './advise.ts'
export type { Advice, AdviceQuestion } from './advise.ts'
export { findOrigin, findOriginByName } from './find-origin.ts'
export type { Origin } from './find-origin.ts'
export { forecastAuthority, forecastClientAuth, forecastOf, readClientAuth } from './forecast-client-auth.ts'
export type {
  ClientAuthForecast, ClientAuthLoss, ForecastOptions, KnownOfCertificate
} from './forecast-client-auth.ts'
export { dateOfLoss, needsAction } from './needs-action.ts'
export type { CertificateUse } from './needs-action.ts'
export { findOperator, lastDayBefore, otherOperator } from './public-operators.ts'
export type { ClientAuthStop, PublicOperator } from './public-operators.ts'
export { bundledRoots, readPublicRoots } from './public-roots.ts'
export type { PublicRoots } from './public-roots.ts'
