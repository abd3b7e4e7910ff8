// Tests of PKITS that are run several times with other inputs, and what each is to say. A number is one of NIST's test policies in the user-initial-policy-set.
type Input = 'default' | 'explicit' | 'inhibit-mapping' | 'inhibit-any' | '1' | '2' | '3' | '6'
type Run = readonly [inputs: readonly Input[], valid: boolean]

export const SETTINGS: Readonly<Record<string, readonly Run[]>> = {
  '4.8.1': [[['explicit'], true], [['explicit', '1'], true], [['explicit', '2'], false], [['explicit', '1', '2'], true]],
  '4.8.2': [[['default'], true], [['explicit'], false]],
  '4.8.3': [[['default'], true], [['explicit'], false], [['explicit', '1', '2'], false]],
  '4.8.4': [[['default'], false]],
  '4.8.5': [[['default'], false]],
  '4.8.6': [[['default'], true], [['1'], true], [['2'], false]],
  '4.8.7': [[['default'], false]],
  '4.8.8': [[['default'], false]],
  '4.8.9': [[['default'], false]],
  '4.8.10': [[['default'], true], [['1'], true], [['2'], true]],
  '4.8.11': [[['default'], true], [['1'], true]],
  '4.8.12': [[['default'], false]],
  '4.8.13': [[['1'], true], [['2'], true], [['3'], true]],
  '4.8.14': [[['1'], true], [['2'], false]],
  '4.8.15': [[['default'], true]],
  '4.8.16': [[['default'], true]],
  '4.8.17': [[['default'], true]],
  '4.8.18': [[['1'], true], [['2'], true]],
  '4.8.19': [[['default'], true]],
  '4.8.20': [[['default'], true]],
  '4.10.1': [[['1'], true], [['2'], false], [['inhibit-mapping'], false]],
  '4.10.2': [[['default'], false], [['inhibit-mapping'], false]],
  '4.10.3': [[['1'], false], [['2'], true]],
  '4.10.5': [[['1'], true], [['6'], false]],
  '4.10.6': [[['1'], true], [['6'], false]],
  '4.10.12': [[['1'], true], [['2'], true]],
  '4.12.3': [[['default'], true], [['inhibit-any'], false]]
}

const NIST_TEST_POLICY = '2.16.840.1.101.3.2.1.48'

/** The inputs as options of `createPathValidator`. */
export function policiesOf (inputs: readonly Input[]): { accepted?: readonly string[], requireExplicit: boolean, inhibitMapping: boolean, inhibitAny: boolean } {
  const accepted = inputs.filter((input) => /^\d$/.test(input)).map((input) => `${NIST_TEST_POLICY}.${input}`)
  return {
    ...(accepted.length > 0 && { accepted }),
    requireExplicit: inputs.includes('explicit'),
    inhibitMapping: inputs.includes('inhibit-mapping'),
    inhibitAny: inputs.includes('inhibit-any')
  }
}
