import { html } from '../html.ts'
import type { Html, HtmlValue } from '../html.ts'

/** A form with the method GET, so that each view has a URL and works without scripts. */
export function filterForm (action: string, fields: HtmlValue): Html {
  return html`<form class="filter" role="search" method="get" action="${action}">${fields}<div class="field"><button
    type="submit">Show</button> <a href="${action}">Reset</a></div></form>`
}

export function textField (name: string, label: string, value: string, hint: string): Html {
  return html`<div class="field grow"><label for="${name}">${label}</label><input id="${name}" name="${name}"
    type="search" value="${value}" placeholder="${hint}" autocomplete="off" spellcheck="false" maxlength="300"></div>`
}

export function minuteField (name: string, label: string, value: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}"
    type="datetime-local" value="${value}"></div>`
}

export function choiceField (
  name: string,
  label: string,
  chosen: string | undefined,
  all: string,
  choices: ReadonlyArray<readonly [value: string, text: string]>
): Html {
  const options = choices.map(([value, text]) => value === chosen
    ? html`<option value="${value}" selected>${text}</option>`
    : html`<option value="${value}">${text}</option>`)
  return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}"><option
    value="">${all}</option>${options}</select></div>`
}
