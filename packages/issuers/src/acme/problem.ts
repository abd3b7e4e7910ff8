import { clip, clipAll } from '@peerkit/identity/internal'

/** What an ACME server says is wrong (RFC 7807, RFC 8555 section 6.7). */
export interface AcmeProblem {
  /** `rateLimited`: the type without `urn:ietf:params:acme:error:`. A type of another namespace stays whole. */
  readonly type: string
  /** The problem in one line, with those of each name. */
  readonly text: string
}

const NAMESPACE = 'urn:ietf:params:acme:error:'
const MAX_TYPE = 100
/** Characters of a text that are looked at. */
const MAX_READ = 1_000

/** Reads a problem document. Undefined if it is none: a proxy may answer instead of the server. */
export function readProblem (found: unknown): AcmeProblem | undefined {
  const own = readOne(found)
  if (own === undefined) return undefined
  const { subproblems } = found as { subproblems?: unknown }
  const parts = Array.isArray(subproblems) ? subproblems.map(describeSubproblem).filter((part) => part !== '') : []
  return { type: own.type, text: [own.text, ...clipAll(parts)].join('; ') }
}

/** A problem without those in it. */
function readOne (found: unknown): AcmeProblem | undefined {
  if (typeof found !== 'object' || found === null) return undefined
  const { type, detail } = found as Readonly<Record<string, unknown>>
  if (typeof type !== 'string') return undefined
  const name = oneLine(type.startsWith(NAMESPACE) ? type.slice(NAMESPACE.length) : type, MAX_TYPE)
  return { type: name, text: typeof detail === 'string' && detail !== '' ? `${name}: ${oneLine(detail)}` : name }
}

/** The problem of one name (RFC 8555 section 6.7.1). It has no further ones in it. */
function describeSubproblem (found: unknown): string {
  const problem = readOne(found)
  if (problem === undefined) return ''
  const { value } = ((found as { identifier?: unknown }).identifier ?? {}) as { value?: unknown }
  return typeof value === 'string' ? `${oneLine(value)}: ${problem.text}` : problem.text
}

/** A server's text must not break a log line. */
function oneLine (text: string, most?: number): string {
  return clip(text.slice(0, MAX_READ).replace(/[\s\p{Cc}]+/gu, ' ').trim(), most)
}
