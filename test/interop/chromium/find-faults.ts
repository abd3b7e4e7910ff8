// Runs in the browser: no imports, and nothing from outside of each function.
declare const document: any
declare const getComputedStyle: any
declare const innerWidth: number

/** What of a page a screen reader, a keyboard or weak eyes would stumble over (WCAG 2.2 A and AA, as far as a program can tell). */
export function findFaults (): string[] {
  const faults: string[] = []
  const all = (selector: string): any[] => [...document.querySelectorAll(selector)]
  const isShown = (element: any): boolean => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0
  const nameOf = (element: any): string => (element.getAttribute('aria-label') ?? document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent ?? element.labels?.[0]?.textContent ?? element.textContent ?? '').trim()
  const fault = (what: string, element: any): void => { faults.push(`${what}: ${String(element.outerHTML).slice(0, 160)}`) }

  if (document.documentElement.lang === '') faults.push('no language')
  if (document.title.trim() === '') faults.push('no title')
  for (const [selector, count] of [['h1', 1], ['main', 1], ['header', 1], ['nav', 1], ['nav [aria-current="page"]', 1], ['footer', 1]] as const) {
    if (all(selector).length !== count) faults.push(`${all(selector).length} of ${selector}`)
  }
  for (const element of all('a[href], button, input, select, textarea, nav, section, [role="region"]')) if (isShown(element) && nameOf(element) === '') fault('no name', element)
  for (const element of all('input, select, textarea')) if (element.labels.length === 0) fault('no label', element)

  let level = 1
  for (const heading of all('h1, h2, h3, h4').filter(isShown)) {
    const own = Number(heading.tagName[1])
    if (own > level + 1) fault('a level is skipped', heading)
    level = own
  }
  const ids = all('[id]').map(({ id }) => id)
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} twice`)
  for (const element of all('[aria-labelledby], [aria-describedby], label[for]')) {
    for (const name of ['aria-labelledby', 'aria-describedby', 'for']) {
      const target = element.getAttribute(name)
      if (target !== null && document.getElementById(target) === null) fault(`${name} leads nowhere`, element)
    }
  }
  for (const table of all('table')) {
    if (table.querySelector('caption')?.textContent.trim() === undefined) fault('no caption', table)
    for (const head of table.querySelectorAll('th')) if (!head.hasAttribute('scope')) fault('no scope', head)
    if (getComputedStyle(table).display !== 'table' && table.getAttribute('role') !== 'table') fault('no table for a screen reader', table)
  }

  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth - innerWidth} pixels too wide`)
  for (const element of all('button, input, select, textarea, nav a, summary').filter(isShown)) {
    const { width, height } = element.getBoundingClientRect()
    if (width < 24 || height < 24) fault(`a target of ${Math.round(width)} by ${Math.round(height)} pixels`, element)
  }

  const parse = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: number[]): number => {
    const [r = 0, g = 0, b = 0] = color.slice(0, 3).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = (element: any): number[] => {
    for (let step = element; step !== null; step = step.parentElement) {
      const color = getComputedStyle(step).backgroundColor
      // color-mix comes as color(srgb …) with parts from 0 to 1.
      const parts = color.startsWith('color(') ? parse(color).map((part, index) => index < 3 ? part * 255 : part) : parse(color)
      if ((parts[3] ?? 1) === 1 && parts.length >= 3) return parts
    }
    return [255, 255, 255]
  }
  const seen = new Set<any>()
  const walker = document.createTreeWalker(document.body, 4)
  while (walker.nextNode() !== null) {
    const element = walker.currentNode.parentElement
    if (walker.currentNode.textContent.trim() === '' || seen.has(element) || !isShown(element) || element.closest('.unseen, .skip, option') !== null) continue
    seen.add(element)
    const { color, fontSize, fontWeight } = getComputedStyle(element)
    const [light = 0, dark = 0] = [luminance(parse(color)), luminance(groundOf(element))].sort((a, b) => b - a)
    const ratio = (light + 0.05) / (dark + 0.05)
    const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5)) fault(`contrast ${ratio.toFixed(2)}`, element)
  }
  if (seen.size < 10) faults.push('hardly any text was looked at')
  return faults
}
