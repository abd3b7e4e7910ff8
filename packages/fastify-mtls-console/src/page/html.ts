import { makeVisible } from './visible-text.ts'

/** Markup that was made by `html` and nothing else. */
export class Html {
  readonly #text: string

  private constructor (text: string) {
    this.#text = text
  }

  toString (): string { return this.#text }

  /** Escapes every value that is not markup itself. */
  static join (strings: readonly string[], values: readonly HtmlValue[]): Html {
    return new Html(strings.map((string, index) => index === 0 ? string : Html.#render(values[index - 1]) + string).join(''))
  }

  static #render (value: HtmlValue): string {
    if (value instanceof Html) return value.#text
    if (Array.isArray(value)) return value.map((one) => Html.#render(one)).join('')
    return value === undefined || value === null || value === false ? '' : escapeHtml(String(value))
  }
}

export type HtmlValue = Html | string | number | undefined | null | false | readonly HtmlValue[]

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For text and for quoted attributes. */
export function escapeHtml (text: string): string {
  return makeVisible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}

/** A template of HTML: what is put in is text, unless it is markup of another such template. Attributes must stand in quotes. */
export function html (strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.join(strings, values)
}
