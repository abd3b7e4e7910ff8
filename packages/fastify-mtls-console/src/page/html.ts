import { makeVisible } from './visible-text.ts'

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
