export { kubernetesIssuer } from './kubernetes-issuer.ts'
export type { KubernetesIssuer } from './kubernetes-issuer.ts'
export type { KubernetesIssuerOptions } from './options.ts'
