import type { ForwardedReason } from '@peerkit/events'
import { createValues } from './header-format.ts'
import type { HeaderNames, HeaderRole, HeaderValues } from './header-format.ts'

/** The headers of a request that are about client certificates. */
export interface Collected {
  readonly values: HeaderValues
  /** Name of the first one, in lower case; undefined if there is none. */
  readonly first: string | undefined
  /** Why they cannot be read, whether or not the sender is trusted. */
  readonly problem: { readonly reason: ForwardedReason, readonly header: string } | undefined
}

const NONE: Collected = Object.freeze({ values: Object.freeze(createValues()), first: undefined, problem: undefined })

/**
 * Folds names as gateways and CGI do: every character that is not a letter or a digit is the same
 * (CVE-2026-39858: the sanitizer did not remove `X_Forwarded_…`).
 */
export function foldName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** A header that the collector looks for. Without `role` it is forbidden. `alias`: it has another spelling. */
interface Wanted {
  readonly name: string
  readonly role: HeaderRole | undefined
  readonly bit: number
  readonly alias: boolean
}

/** Maximum number of cached spellings, so that a client cannot fill the memory with them. */
const MAX_SPELLINGS = 256

/** Finds the headers of a format, and those of other formats. For most names it only checks the length. */
export class HeaderCollector {
  readonly #byFolded = new Map<string, Wanted>()
  /** By spelling as received; null for names that are not wanted. */
  readonly #bySpelling = new Map<string, Wanted | null>()
  /** By length: whether a wanted name has this length. */
  readonly #lengths: boolean[] = []

  constructor (own: HeaderNames, others: readonly string[]) {
    for (const name of others) this.#add(name, undefined)
    for (const [role, name] of Object.entries(own)) this.#add(name, role as HeaderRole)
    // The usual spellings are cached from the start: strangers could send others until there is no room for them.
    for (const { name } of this.#byFolded.values()) {
      this.#lookUp(name)
      this.#lookUp(name.replace(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase()))
    }
  }

  /** In lower case: the certificate's header, then the others of the format, then those of other formats. */
  get names (): readonly string[] {
    const rank = ({ role }: Wanted): number => role === 'certificate' ? 0 : role === undefined ? 2 : 1
    return [...this.#byFolded.values()].toSorted((one, other) => rank(one) - rank(other)).map(({ name }) => name)
  }

  collect (rawHeaders: readonly string[], maxLength: number): Collected {
    let first: string | undefined
    let problem: Collected['problem']
    let seen = 0
    let values: ReturnType<typeof createValues> | undefined
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const spelt = rawHeaders[index] as string
      const wanted = this.#lengths[spelt.length] === true ? this.#lookUp(spelt) : null
      if (wanted === null) continue
      const { name, role, bit, alias } = wanted
      first ??= name
      values ??= createValues()
      const value = rawHeaders[index + 1] as string
      const reason =
        role === undefined
          ? 'other_format'
          : alias
            ? 'alias_header'
            : (seen & bit) !== 0
                ? 'duplicate_header'
                : value.length > maxLength
                  ? 'too_large'
                  : undefined
      if (reason !== undefined) problem ??= { reason, header: name }
      seen |= bit
      if (role !== undefined && value !== '') values[role] = value
    }
    return first === undefined || values === undefined ? NONE : { values, first, problem }
  }

  #lookUp (spelt: string): Wanted | null {
    const known = this.#bySpelling.get(spelt)
    if (known !== undefined) return known
    const wanted = this.#byFolded.get(foldName(spelt))
    const found = wanted === undefined ? null : { ...wanted, alias: spelt.toLowerCase() !== wanted.name }
    if (this.#bySpelling.size < MAX_SPELLINGS) this.#bySpelling.set(spelt, found)
    return found
  }

  #add (name: string, role: HeaderRole | undefined): void {
    const folded = foldName(name)
    this.#byFolded.set(folded, { name, role, bit: 1 << this.#byFolded.size, alias: false })
    while (this.#lengths.length <= folded.length) this.#lengths.push(false)
    this.#lengths[folded.length] = true
  }
}

/** The headers of a request, as in `http.IncomingMessage` and `http2.Http2ServerRequest`. */
export interface StrippableMessage {
  readonly rawHeaders: string[]
  readonly headers: object
  readonly headersDistinct?: object
}

/**
 * Removes headers from a request: from `rawHeaders`, `headers` and `headersDistinct`, in every spelling. Spellings are
 * the same if they differ only in case or in the characters between letters and digits (`client_cert`, `Client-Cert`).
 *
 * @param message the request; it is changed in place
 * @param names names to remove, in lower case; usually `reader.headerNames`
 * @example
 * ```ts
 * const headers: Record<string, string> = { host: 'a.example', client_cert: 'forged' }
 * stripHeaders({ rawHeaders: ['Host', 'a.example', 'Client_Cert', 'forged'], headers }, ['client-cert'])
 * console.log(Object.keys(headers)) // [ 'host' ]
 * ```
 */
export function stripHeaders (message: StrippableMessage, names: readonly string[]): void {
  const folded = new Set(names.map(foldName))
  // Node computes these two from rawHeaders on first access, and relies on its length. Read them before it shrinks.
  for (const headers of [message.headers, message.headersDistinct]) {
    for (const name of Object.keys(headers ?? {})) {
      if (folded.has(foldName(name))) delete (headers as Record<string, unknown>)[name]
    }
  }
  const { rawHeaders } = message
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (folded.has(foldName(rawHeaders[index] as string))) rawHeaders.splice(index, 2)
  }
}
