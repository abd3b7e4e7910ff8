/** Longest detail, in UTF-16 units. */
const MAX_LENGTH = 240
/** Longest name or URL within one. */
const MAX_PART = 120

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/** A text, parts of which others chose, fit for one line of a log: bounded, without control and format characters. */
export function plainText (text: string, most: number = MAX_LENGTH): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text
  return cut.replace(UNSEEN, '?')
}

/** The same for a name or a URL within a longer text. */
export function plainPart (part: unknown): string {
  return plainText(String(part), MAX_PART)
}

/** Several details in one, each once. */
export function joinDetails (details: readonly (string | undefined)[]): string | undefined {
  const told = new Set(details.filter((detail) => detail !== undefined))
  return told.size === 0 ? undefined : plainText([...told].join('; '), 2 * MAX_LENGTH)
}

/** What went wrong, by the error. */
export function failureText (error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error))
}

/** A time as it stands in details. */
export function plainTime (time: number): string {
  return new Date(time).toISOString()
}
