import type { RequestValue } from './allow-rule.ts'
import { expectPlainObject, isPlainObject, refuseRule } from './rule-path.ts'
import type { RulePath } from './rule-path.ts'

/** The part of a request that a value comes from. */
export type RequestSource = 'param' | 'query' | 'header'

/**
 * Reads every value of a request that has a name: all occurrences, decoded, as they are. An empty list if there is
 * none.
 *
 * @param request what `authorize` got
 * @param source the part of the request
 * @param name the name of the route parameter or of the query parameter, or the name of the header in lower case
 */
export type ReadRequestValue = (request: any, source: RequestSource, name: string) => readonly string[]

/** A place of a rule set whose value comes from the request. */
export interface RequestUse {
  readonly source: RequestSource
  /** Of a header: in lower case. */
  readonly name: string
  /** The path of the value in the rules, for example `config.allowedClients[1].cn`. */
  readonly path: string
}

/** A value of a request that a rule names. */
export interface Binding {
  readonly source: RequestSource
  /** Of a header: in lower case. */
  readonly name: string
  readonly path: RulePath
}

const SOURCES: readonly RequestSource[] = ['param', 'query', 'header']
const EXPECTED = 'exactly one of param, query and header, such as { "param": "stationId" }'
/** RFC 9110 section 5.1. A name such as `:path`, which HTTP/2 adds, is none. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** What each source is called in a sentence. */
const CALLED: Readonly<Record<RequestSource, string>> = {
  param: 'parameter', query: 'query parameter', header: 'header'
}

/** Whether a value of a rule is to be taken from the request. The keys of attributes are no sources. */
export function isRequestValue (value: unknown): value is RequestValue {
  return isPlainObject(value) && SOURCES.some((source) => Object.hasOwn(value, source))
}

/** @throws RuleInvalidError */
export function readBinding (value: object, path: RulePath): Binding {
  const entries = expectPlainObject(value, path, EXPECTED)
  const wrong = entries.find(([key]) => !SOURCES.includes(key as RequestSource)) ?? entries[1]
  if (wrong !== undefined) refuseRule(path.at(wrong[0]), 'unknown_key', wrong[0], EXPECTED)
  const [source, name] = entries[0] as readonly [RequestSource, unknown]
  const at = path.at(source)
  if (typeof name !== 'string') refuseRule(at, 'wrong_type', name, `the name of a ${CALLED[source]}`)
  if (name === '') refuseRule(at, 'empty', name, `the name of a ${CALLED[source]}`)
  if (source !== 'header') return { source, name, path }
  if (!HEADER_NAME.test(name)) refuseRule(at, 'invalid_value', name, 'the name of a header')
  return { source, name: name.toLowerCase(), path }
}

/** `the parameter "stationId" of the request` */
export function describeBinding ({ source, name }: Pick<Binding, 'source' | 'name'>): string {
  return `the ${CALLED[source]} ${JSON.stringify(name)} of the request`
}

/** The same for a value as it is written in a rule that was checked. */
export function describeRequestValue (value: RequestValue): string {
  const [[source, name]] = Object.entries(value) as [[RequestSource, string]]
  return describeBinding({ source, name: source === 'header' ? name.toLowerCase() : name })
}
