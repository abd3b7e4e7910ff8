import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** WCAG 2.2 A and AA, and what axe-core recommends beyond them. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Found { readonly violations: ReadonlyArray<{ readonly id: string, readonly nodes: ReadonlyArray<{ readonly html: string }> }>, readonly passes: readonly unknown[] }

/** What axe-core finds wrong with a page, a line for each element. Evaluated by the debugger, so the page's policy does not hinder it. */
export async function runAxe (page: Page, what: 'everything' | 'contrast'): Promise<string[]> {
  await page.evaluate(source)
  const only = what === 'contrast' ? ['color-contrast'] : RULES
  const { violations, passes } = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(only)}, resultTypes: ['violations'] })`) as Found
  if (passes.length < (what === 'contrast' ? 1 : 10)) return ['axe-core looked at hardly anything']
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))
}
