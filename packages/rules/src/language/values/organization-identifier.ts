import { parseOrganizationIdentifier } from '@peerkit/identity'
import type { OrganizationIdentifier, PeerIdentity } from '@peerkit/identity'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import type { AnyOfValues } from '../../match/any-of-values.ts'
import { readParts } from '../object-value.ts'
import { listValues, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { readText } from './field-value.ts'

/** The OID of the attribute organizationIdentifier. */
export const ORGANIZATION_IDENTIFIER = '2.5.4.97'

type PartName = keyof OrganizationIdentifier

const EXPECTED = 'an object such as { "type": "PSD", "country": "DE", "authority": "BAFIN", "number": "123456" }'
const PARTS: Readonly<Record<PartName, readonly [expected: string, pattern: RegExp]>> = {
  type: ['three capital letters, such as PSD or VAT, or two characters and a colon', /^(?:[A-Z]{3}|[A-Z0-9]{2}:)$/],
  country: ['two capital letters, such as DE', /^[A-Z]{2}$/],
  state: ['at most three capital letters or digits, such as CA', /^[A-Z0-9]{1,3}$/],
  authority: ['two to eight capital letters without the country, such as BAFIN', /^[A-Z]{2,8}$/],
  number: ['a number in the register', /^/]
}
const NAMES = Object.keys(PARTS) as readonly PartName[]

/** The conditions on the parts of one identifier, and a test of all of them together. */
export interface IdentifierParts {
  readonly conditions: readonly AnyOfValues[]
  readonly hasAll: (identifier: OrganizationIdentifier) => boolean
}

/**
 * The parts of an organizationIdentifier. An identifier of another form is unknown.
 *
 * @param name the name of the attribute's field
 * @param list the texts of the attribute; `undefined` if they are unknown
 * @throws RuleInvalidError
 */
export function readIdentifierParts (
  value: unknown, path: RulePath, name: string, list: (peer: PeerIdentity) => readonly string[] | undefined
): IdentifierParts {
  const given = readParts(value, path, NAMES, EXPECTED)
  const parts = NAMES.flatMap((part) => {
    const content = given[part]
    if (content === undefined) return []
    const [expected, pattern] = PARTS[part]
    return [{
      part,
      keys: listValues(content.value, content.path).map(({ value, path }) => {
        const text = readText(value, path, expected)
        if (!pattern.test(text)) refuseRule(path, 'never_matches', text, expected)
        return text
      })
    }]
  })
  const types = parts.find(({ part }) => part === 'type')?.keys
  if (given.authority !== undefined && types?.includes('PSD') === false) {
    refuseRule(given.authority.path, 'never_matches', types[0], 'the type PSD', 'only it has an authority')
  }
  return {
    conditions: parts.map(({ part, keys }) => {
      const field = {
        name: `${name}:${part}`,
        segmented: false,
        read: (peer: PeerIdentity) => parseAll(list(peer))?.flatMap((identifier) => identifier[part] ?? [])
      }
      return createAnyOfValues(keys.map((key) => ({ field, key })))
    }),
    hasAll: (identifier) => parts.every(({ part, keys }) => keys.includes(identifier[part] ?? ''))
  }
}

/** The parts of each text; `undefined` if one of them has another form. */
export function parseAll (texts: readonly string[] | undefined): readonly OrganizationIdentifier[] | undefined {
  const parsed = texts?.map(parseOrganizationIdentifier)
  return parsed?.every((identifier) => identifier !== undefined) === true ? parsed : undefined
}
