/** A named curve: its name in `node:crypto`, and the bits of its field. */
export interface Curve {
  readonly name: string
  readonly bits: number
}

const SECG = '1.3.132.0.'
const X9 = '1.2.840.10045.3.'
const BRAINPOOL = '1.3.36.3.3.2.8.1.1.'
const WTLS = '2.23.43.1.4.'

/** OpenSSL's named curves of at least 224 bits, by OID. Shorter ones are below OpenSSL's security level 2. */
export const CURVES: ReadonlyMap<string, Curve> = new Map<string, Curve>([
  curve(`${X9}1.7`, 'prime256v1', 256), curve(`${SECG}34`, 'secp384r1', 384), curve(`${SECG}35`, 'secp521r1', 521),
  curve(`${SECG}33`, 'secp224r1', 224), curve(`${SECG}32`, 'secp224k1', 224), curve(`${SECG}10`, 'secp256k1', 256),
  curve(`${X9}1.4`, 'prime239v1', 239), curve(`${X9}1.5`, 'prime239v2', 239), curve(`${X9}1.6`, 'prime239v3', 239),
  curve(`${BRAINPOOL}5`, 'brainpoolP224r1', 224), curve(`${BRAINPOOL}6`, 'brainpoolP224t1', 224),
  curve(`${BRAINPOOL}7`, 'brainpoolP256r1', 256), curve(`${BRAINPOOL}8`, 'brainpoolP256t1', 256),
  curve(`${BRAINPOOL}9`, 'brainpoolP320r1', 320), curve(`${BRAINPOOL}10`, 'brainpoolP320t1', 320),
  curve(`${BRAINPOOL}11`, 'brainpoolP384r1', 384), curve(`${BRAINPOOL}12`, 'brainpoolP384t1', 384),
  curve(`${BRAINPOOL}13`, 'brainpoolP512r1', 512), curve(`${BRAINPOOL}14`, 'brainpoolP512t1', 512),
  curve(`${SECG}26`, 'sect233k1', 233), curve(`${SECG}27`, 'sect233r1', 233), curve(`${SECG}3`, 'sect239k1', 239),
  curve(`${SECG}16`, 'sect283k1', 283), curve(`${SECG}17`, 'sect283r1', 283), curve(`${SECG}36`, 'sect409k1', 409),
  curve(`${SECG}37`, 'sect409r1', 409), curve(`${SECG}38`, 'sect571k1', 571), curve(`${SECG}39`, 'sect571r1', 571),
  curve(`${X9}0.11`, 'c2tnb239v1', 239), curve(`${X9}0.12`, 'c2tnb239v2', 239), curve(`${X9}0.13`, 'c2tnb239v3', 239),
  curve(`${X9}0.16`, 'c2pnb272w1', 272), curve(`${X9}0.17`, 'c2pnb304w1', 304), curve(`${X9}0.18`, 'c2tnb359v1', 359),
  curve(`${X9}0.19`, 'c2pnb368w1', 368), curve(`${X9}0.20`, 'c2tnb431r1', 431),
  curve(`${WTLS}10`, 'wap-wsg-idm-ecid-wtls10', 233), curve(`${WTLS}11`, 'wap-wsg-idm-ecid-wtls11', 233),
  curve(`${WTLS}12`, 'wap-wsg-idm-ecid-wtls12', 224)
])

function curve (oid: string, name: string, bits: number): readonly [string, Curve] {
  return [oid, Object.freeze({ name, bits })]
}
