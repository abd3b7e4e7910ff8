export { kubernetesIssuer } from './kubernetes-issuer.ts'
export type { KubernetesIssuerOptions } from './options.ts'
