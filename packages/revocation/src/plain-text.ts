/** Maximum length of a detail, in UTF-16 units. */
const MAX_LENGTH = 240
/** Maximum length of a name or URL in it. */
const MAX_PART = 120

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Makes untrusted text safe for one line of a log: limited in length, without control and format characters. */
export function plainText (text: string, most: number = MAX_LENGTH): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text
  return cut.replace(UNSEEN, '?')
}

/** The same for a name or a URL in a longer text. */
export function plainPart (part: unknown): string {
  return plainText(String(part), MAX_PART)
}

/** Joins several details, each once. */
export function joinDetails (details: readonly (string | undefined)[]): string | undefined {
  const distinct = new Set(details.filter((detail) => detail !== undefined))
  return distinct.size === 0 ? undefined : plainText([...distinct].join('; '), 2 * MAX_LENGTH)
}

/** The message of an error. */
export function failureText (error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error))
}

/** A time in the form used in details. */
export function plainTime (time: number): string {
  return new Date(time).toISOString()
}
