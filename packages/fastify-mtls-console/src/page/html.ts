/** Markup that only `html` creates. */
export class Html {
  readonly #text: string

  private constructor (text: string) {
    this.#text = text
  }

  toString (): string { return this.#text }

  /** Joins strings and values. Values that are not markup are escaped. */
  static join (strings: readonly string[], values: readonly HtmlValue[]): Html {
    return new Html(strings.map((string, index) => index === 0
      ? string
      : Html.#render(values[index - 1]) + string).join(''))
  }

  static #render (value: HtmlValue): string {
    if (value instanceof Html) return value.#text
    if (Array.isArray(value)) return value.map((one) => Html.#render(one)).join('')
    return value === undefined || value === null || value === false ? '' : escapeHtml(String(value))
  }
}

export type HtmlValue = Html | string | number | undefined | null | false | readonly HtmlValue[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Escapes text for text nodes and quoted attributes. */
export function escapeHtml (text: string): string {
  return makeVisible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}

/** A template tag for HTML. Values are escaped, except markup of other templates. Attributes have to be quoted. */
export function html (strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.join(strings, values)
}

/**
 * Control characters, characters that change the direction of text or have no width, and separators. They make a name
 * look like another one. `Cf` has those of direction (U+202A to U+202E, U+2066 to U+2069), zero width, soft hyphens and
 * tags.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

/** Replaces invisible characters by their code points. */
export function makeVisible (text: string): string {
  return text.toWellFormed().replace(
    INVISIBLE,
    (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`
  )
}
