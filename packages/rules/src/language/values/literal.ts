import { RuleInvalidError } from '../../errors.ts'
import type { LiteralReader } from '../../match/bound-condition.ts'
import { RulePath } from '../rule-path.ts'
import type { FieldValue } from './field-value.ts'
import { listNames, readAttribute, readWholeName } from './name.ts'
import type { NameField } from './name.ts'

/** Errors of it are never shown. */
const PATH = new RulePath('request')

/** Reads a text as a rule would, except that it must be one value: a client must not send a pattern. */
export function readLiteral (
  read: (value: unknown, path: RulePath) => FieldValue, text: string
): FieldValue | undefined {
  try {
    const value = read(text, PATH)
    return value.segments !== undefined || value.coversMany === true ? undefined : value
  } catch (error) {
    if (error instanceof RuleInvalidError) return undefined
    throw error
  }
}

/** How values of an attribute of a name are read from a request. Attributes that are not text count too. */
export function literalOfAttribute (field: NameField, oid: string): LiteralReader {
  return {
    key: `${field}:${oid}`,
    read: (text) => readLiteral((value, path) => readAttribute(field, oid, value, path), text),
    count: (peer) => {
      const attributes = listNames(peer, field)?.flatMap(({ rdns }) => rdns.flat())
      return attributes?.filter(({ type }) => type === oid).length
    }
  }
}

/** The same for a whole name. */
export function literalOfName (field: NameField): LiteralReader {
  return {
    key: field,
    read: (text) => readLiteral((value, path) => readWholeName(field, value, path), text),
    count: (peer) => listNames(peer, field)?.length
  }
}
