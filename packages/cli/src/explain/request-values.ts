import type { RequestSource } from '@peerkit/rules'
import { textsOf, UsageError } from '../command.ts'
import type { Command, Values } from '../command.ts'

/** The values of a request, by source and name. Those of headers in lower case. */
export type RequestValues = Readonly<Record<RequestSource, Readonly<Record<string, readonly string[]>>>>

/** The options of {@link readRequest}. */
export const REQUEST_OPTIONS: Command['options'] = {
  param: { type: 'string', multiple: true, help: 'NAME=VALUE: a parameter of the route, for rules that compare it' },
  query: { type: 'string', multiple: true, help: 'NAME=VALUE: a query parameter of the request' },
  header: { type: 'string', multiple: true, help: 'NAME=VALUE: a header of the request' }
}

/** The values of the request; undefined if none is given. @throws UsageError */
export function readRequest (values: Values): RequestValues | undefined {
  const [param, query, header] = [readPairs(values, 'param'), readPairs(values, 'query'), readPairs(values, 'header')]
  const isGiven = [param, query, header].some((pairs) => Object.keys(pairs).length > 0)
  return isGiven ? { param, query, header } : undefined
}

function readPairs (values: Values, source: RequestSource): Readonly<Record<string, readonly string[]>> {
  const pairs = new Map<string, string[]>()
  for (const text of textsOf(values, source)) {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`--${source} is ${JSON.stringify(text)}; expected NAME=VALUE`)
    const name = source === 'header' ? text.slice(0, at).toLowerCase() : text.slice(0, at)
    pairs.set(name, [...pairs.get(name) ?? [], text.slice(at + 1)])
  }
  return Object.fromEntries(pairs)
}
