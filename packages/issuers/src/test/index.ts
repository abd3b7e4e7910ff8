export { issuerCases } from './issuer-cases.ts'
export type { CaseOptions, IssuerCase, IssuerHarness, StartedIssuer } from './issuer-case.ts'
export type { IssuerWorld, WorldAnswer } from './issuer-world.ts'
