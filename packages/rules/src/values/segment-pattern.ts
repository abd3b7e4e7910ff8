import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import { ONE, REST, splitSegments } from '../segments.ts'

/** The segments of a URI pattern, in which `*` and `**` cover path segments. @throws RuleInvalidError */
export function readSegmentPattern (text: string, path: RulePath, expected: string): readonly string[] {
  const segments = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? splitSegments(text) : undefined
  const refuse = (hint: string): never => refuseRule(path, 'never_matches', text, expected, hint)
  if (segments === undefined) return refuse('"*" needs a URI with "//"')
  const [authority, ...rest] = segments as readonly [string, ...string[]]
  if (authority.includes('*')) refuse('"*" covers a path segment; it cannot be in the host')
  if (/[?#]/.test(text)) refuse('a pattern has no query or fragment')
  for (const [index, segment] of rest.entries()) {
    if (segment === REST && index < rest.length - 1) refuse('"**" must be the last segment')
    if (segment.includes('*') && segment !== ONE && segment !== REST) refuse('"*" must be a whole segment')
  }
  return segments
}
