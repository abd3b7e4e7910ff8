const TAGS = new Set('!doctype html head meta title link script body a header div p span nav ul li main h1 h2 h3 footer time section table caption thead tbody tr th td dl dt dd details summary code br wbr form label input select option textarea button ol strong abbr svg g rect text path'.split(' '))
const ATTRIBUTES = new Set(`lang charset name content rel href type nonce src class id aria-current aria-label aria-labelledby aria-hidden aria-pressed aria-describedby tabindex role scope data-label data-live datetime
  title method action for value placeholder autocomplete autocapitalize spellcheck maxlength rows required selected hidden html popover popovertarget download viewBox x y width height rx d text-anchor aria-sort`.split(/\s+/))

/** Tags and attributes that the console has no use for, and scripts that are not its file. Reads markup as a browser's tokenizer does where all attributes stand in double quotes. */
export function strangeMarkup (body: string): string[] {
  const strange: string[] = []
  for (const [tag, name = '', rest = ''] of body.matchAll(/<\/?([a-zA-Z!][^\s/>]*)((?:[^>"]|"[^"]*")*)>/g)) {
    if (!TAGS.has(name.toLowerCase())) strange.push(tag)
    const names = [...rest.matchAll(/([^\s"=/]+)(?:="([^"]*)")?/g)].map(([, attribute]) => attribute ?? '')
    if (names.some((attribute) => !ATTRIBUTES.has(attribute))) strange.push(tag)
    if (name === 'script' && !tag.startsWith('</') && !/^<script type="module" src="\/console\/console\.js" nonce="[\w+/=]+">$/.test(tag)) strange.push(tag)
    if (/(?:href|src|action)="(?!\/console|#)/.test(rest)) strange.push(tag)
  }
  return strange
}
