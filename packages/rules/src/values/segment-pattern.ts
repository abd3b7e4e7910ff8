import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import { ONE, REST, splitSegments } from '../segments.ts'

/** The segments of a URI in which `*` and `**` stand for segments of the path. @throws MTLS_ERR_RULE_INVALID */
export function readSegmentPattern (text: string, path: RulePath, expected: string): readonly string[] {
  const segments = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) ? splitSegments(text) : undefined
  if (segments === undefined) refuseRule(path, 'never_matches', text, expected, '"*" needs a URI with "//"')
  const [authority, ...rest] = segments as readonly [string, ...string[]]
  if (authority.includes('*')) refuseRule(path, 'never_matches', text, expected, '"*" stands for a segment of the path, never in the host')
  if (/[?#]/.test(text)) refuseRule(path, 'never_matches', text, expected, 'a pattern has no query or fragment')
  for (const [index, segment] of rest.entries()) {
    if (segment === REST && index < rest.length - 1) refuseRule(path, 'never_matches', text, expected, '"**" must be the last segment')
    if (segment.includes('*') && segment !== ONE && segment !== REST) refuseRule(path, 'never_matches', text, expected, '"*" stands for a whole segment, never for a part of one')
  }
  return segments
}
