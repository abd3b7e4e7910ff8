/** The longest text from a peer that is kept. */
const MAX_TEXT = 300
const MAX_ITEMS = 10

/** A text of bounded length. */
export function clip (text: string | undefined, length: number = MAX_TEXT): string | undefined {
  return text === undefined || text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** A few texts of bounded length. */
export function clipAll (texts: readonly string[]): readonly string[] {
  const few = texts.slice(0, MAX_ITEMS).map((text) => clip(text) as string)
  return texts.length > MAX_ITEMS ? [...few, `… ${texts.length - MAX_ITEMS} more`] : few
}
