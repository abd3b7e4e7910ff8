/** The parts of an organizationIdentifier (ETSI EN 319 412-1 section 5.1.4, ETSI TS 119 495 section 5.2.1). */
export interface OrganizationIdentifier {
  /**
   * The identity type: `VAT`, `NTR`, `PSD`, `LEI` or another of three capital letters, or a national one with two
   * characters and a colon, such as `EI:`.
   */
  readonly type: string
  /** ISO 3166-1 alpha-2, or `XG` for a global one, in capital letters. */
  readonly country: string
  /** The state or province of a national register, as in `NTRUS+CA-…`. */
  readonly state: string | undefined
  /** Only with the type `PSD`: the competent authority without its country, such as `BAFIN`. */
  readonly authority: string | undefined
  /** The number in the register, as encoded. It may contain hyphens. */
  readonly number: string
}

const SYNTAX = /^([A-Z]{3}|[A-Z0-9]{2}:)([A-Z]{2})(?:\+([A-Z0-9]{1,3}))?-(.+)$/s
const PSD = /^([A-Z]{2,8})-(.+)$/s

/**
 * Parses an organizationIdentifier such as `PSDDE-BAFIN-123456` or `VATDE-123456789`.
 *
 * @returns undefined if the text has another form
 * @example
 * ```ts
 * const { type, country, authority, number } = parseOrganizationIdentifier('PSDDE-BAFIN-123456') ?? {}
 * console.log(type, country, authority, number) // PSD DE BAFIN 123456
 * ```
 */
export function parseOrganizationIdentifier (text: string): OrganizationIdentifier | undefined {
  const [, type, country, state, rest] = SYNTAX.exec(text) ?? []
  if (type === undefined || country === undefined || rest === undefined) return undefined
  if (type !== 'PSD') return Object.freeze({ type, country, state, authority: undefined, number: rest })
  const [, authority, number] = PSD.exec(rest) ?? []
  if (authority === undefined || number === undefined || state !== undefined) return undefined
  return Object.freeze({ type, country, state: undefined, authority, number })
}
