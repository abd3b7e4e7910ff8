import type { RefusalReason } from './forwarded-reader.ts'
import type { HeaderNames, HeaderRole, HeaderValues } from './header-format.ts'

/** The headers of a request that speak of client certificates. */
export interface Collected {
  readonly values: HeaderValues
  /** The first of them, in lower case; undefined where there is none. */
  readonly first: string | undefined
  /** Why they cannot be read, whoever sent them. */
  readonly problem: { readonly reason: RefusalReason, readonly header: string } | undefined
}

const NONE: Collected = Object.freeze({ values: Object.freeze({}), first: undefined, problem: undefined })

/** How gateways and CGI fold names: what is no letter or digit is one and the same (CVE-2026-39858: `X_Forwarded_…` outlived the sanitiser). */
export function foldName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Finds the headers of a format, and those of others, among all. Each request pays for a look at the length of each name. */
export class HeaderCollector {
  /** By folded name: the role and the exact name; no role for headers that must not be there. */
  readonly #wanted = new Map<string, { readonly name: string, readonly role: HeaderRole | undefined }>()
  readonly #lengths = new Set<number>()

  constructor (own: HeaderNames, others: readonly string[]) {
    for (const name of others) this.#add(name, undefined)
    for (const [role, name] of Object.entries(own)) this.#add(name, role as HeaderRole)
  }

  /** In lower case. */
  get names (): readonly string[] { return [...this.#wanted.values()].map(({ name }) => name) }

  collect (rawHeaders: readonly string[], maxLength: number): Collected {
    let collected: { -readonly [key in keyof Collected]: Collected[key] } | undefined
    const values: Partial<Record<HeaderRole, string>> = {}
    const seen = new Set<HeaderRole>()
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const spelt = rawHeaders[index] as string
      const wanted = this.#lengths.has(spelt.length) ? this.#wanted.get(foldName(spelt)) : undefined
      if (wanted === undefined) continue
      const { name, role } = wanted
      collected ??= { values, first: name, problem: undefined }
      const value = rawHeaders[index + 1] as string
      const reason = role === undefined ? 'other_format' : spelt.toLowerCase() !== name ? 'alias_header' : seen.has(role) ? 'duplicate_header' : value.length > maxLength ? 'too_large' : undefined
      if (reason !== undefined) collected.problem ??= { reason, header: name }
      if (role === undefined) continue
      seen.add(role)
      if (value !== '') values[role] = value
    }
    return collected ?? NONE
  }

  #add (name: string, role: HeaderRole | undefined): void {
    const folded = foldName(name)
    this.#wanted.set(folded, { name, role })
    this.#lengths.add(folded.length)
  }
}
