export { pkcs11Issuer } from './pkcs11-issuer.ts'
export type { Pkcs11IssuerKey } from './pkcs11-issuer.ts'
export type { P11CryptoClass } from './webcrypto-p11.ts'
