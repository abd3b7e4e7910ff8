/** The day from which a public CA issues no certificate with clientAuth. */
export interface ClientAuthStop {
  /** The day in UTC, `YYYY-MM-DD`. */
  readonly stopsOn: string
  /** The policy or announcement that sets the day. */
  readonly source: string
}

/** The operator of a public CA. */
export interface PublicOperator {
  readonly name: string
  readonly stop: ClientAuthStop
}

const CHROME: ClientAuthStop = { stopsOn: '2027-03-15', source: 'Chrome Root Program Policy' }
const LETS_ENCRYPT: ClientAuthStop = { stopsOn: '2026-05-13', source: 'announcement of Let\'s Encrypt' }
const DIGICERT: ClientAuthStop = { stopsOn: '2027-03-01', source: 'announcement of DigiCert' }

/**
 * The operators, by the organization (O) in the names of their CAs. Intermediates often have another organization than
 * their root, and an audit log contains only the name of the intermediate. Operators that announced no day have
 * Chrome's.
 */
const OPERATORS: ReadonlyArray<readonly [organization: RegExp, name: string, stop?: ClientAuthStop]> = [
  [/^let's encrypt$|^internet security research group$/, 'Let\'s Encrypt', LETS_ENCRYPT],
  [/^digicert\b/, 'DigiCert', DIGICERT],
  [/^sectigo\b|^comodo ca limited$|^the usertrust network$/, 'Sectigo'],
  [/^zerossl$/, 'ZeroSSL'],
  [/^globalsign\b/, 'GlobalSign'],
  [/^google trust services\b/, 'Google Trust Services'],
  [/^amazon$/, 'Amazon'],
  [/^godaddy\.com, inc\.$|^starfield technologies, inc\.$/, 'GoDaddy'],
  [/^entrust\b/, 'Entrust'],
  [/^buypass\b/, 'Buypass'],
  [/^ssl corp(oration)?$/, 'SSL.com'],
  [/^microsoft corporation$/, 'Microsoft'],
  [/^identrust\b/, 'IdenTrust'],
  [/^geant vereniging$/, 'GEANT']
]

/**
 * Finds the operator of a public CA by the organization (O) in its name; undefined if it is not in the table.
 *
 * @example
 * ```ts
 * console.log(findOperator('DigiCert Inc')) // { name: 'DigiCert', stop: { stopsOn: '2027-03-01', source: … } }
 * ```
 */
export function findOperator (organization: string | undefined): PublicOperator | undefined {
  const text = organization?.trim().replace(/\u2019/g, '\'').toLowerCase()
  if (text === undefined) return undefined
  const [, name, stop = CHROME] = OPERATORS.find(([pattern]) => pattern.test(text)) ?? []
  return name === undefined ? undefined : { name, stop }
}

/**
 * Makes the operator of a public root that is not in the table. The day of Chrome's policy applies to all roots.
 *
 * @example
 * ```ts
 * console.log(otherOperator('Example Trust').stop.stopsOn) // 2027-03-15
 * ```
 */
export function otherOperator (name: string): PublicOperator {
  return { name, stop: CHROME }
}

/** The first moment of the day, in milliseconds since the epoch. */
export function startOf ({ stopsOn }: ClientAuthStop): number {
  return Date.parse(`${stopsOn}T00:00:00Z`)
}

/**
 * Returns the last day on which a renewal can have clientAuth, as `YYYY-MM-DD`.
 *
 * @example
 * ```ts
 * console.log(lastDayBefore(otherOperator('Example Trust').stop)) // 2027-03-14
 * ```
 */
export function lastDayBefore (stop: ClientAuthStop): string {
  return new Date(startOf(stop) - 86_400_000).toISOString().slice(0, 10)
}
