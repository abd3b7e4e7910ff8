/** The text of markup, with single spaces. The parts of a distinguished name stand together: `CN=web, OU=billing`. */
export function plainText (markup: string): string {
  return markup.replaceAll('<wbr>', '').replace(/<[^>]+>/g, ' ').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ').replaceAll('= ', '=').replace(/ ([,.)])/g, '$1').replaceAll('( ', '(').trim()
}
