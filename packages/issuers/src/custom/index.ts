export { customIssuer } from './custom-issuer.ts'
export type {
  CustomAnswer, CustomIssuerOptions, CustomMaterial, CustomQuestion, CustomRequest
} from './custom-issuer.ts'
