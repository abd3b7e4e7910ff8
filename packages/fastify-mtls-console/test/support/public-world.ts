import type { AuthorityMaterial } from '@peerkit/credentials'
import { roots } from '@peerkit/test-support/public-cas'
import { plainText } from './plain-text.ts'
import { createWorld } from './world.ts'
import type { Test, World, WorldOptions } from './world.ts'

// The renewal of a certificate of these years is due with a third of the time left: on 2029-12-31.
export {
  digicertRoot as digicert, roots, someIssuing as some, someTrust as someRoot, years
} from '@peerkit/test-support/public-cas'

export interface PublicWorld extends World { readonly origin: string }

/** The moment at which the console looks: a month before the renewals. */
export const NOW: number = Date.parse('2029-12-01T00:00:00Z')

/** The world with its own CA and others as authorities, listening, at a fixed moment. */
export async function createPublicWorld (
  t: Test, authorities: Readonly<Record<string, AuthorityMaterial>>, options: WorldOptions = {}
): Promise<PublicWorld> {
  const world = await createWorld(t, { ...options, roots, console: { now: () => NOW, ...options.console } })
  const internal = { ca: world.ca.root, names: 'any' } as const
  world.credentials.update({ ca: undefined, authorities: { internal, ...authorities } })
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...world, origin: world.app.listeningOrigin }
}

/** The text of a page, or of what stands between two of its texts. */
export function textOf (page: string, from = '<main', to = '</main>'): string {
  const start = page.indexOf(from)
  return plainText(page.slice(start, page.indexOf(to, start)))
}

/** The texts of a table's rows. */
export function rowsOf (page: string, id: string): string[] {
  const start = page.indexOf(`<div id="${id}"`)
  const rows = page.slice(start, page.indexOf('</table>', start)).split('<tr role="row">').slice(2)
  return rows.map((row) => textOf(`${row}</tr>`, '', '</tr>'))
}

/** Matches a text that starts with the first of some pieces, and has the others behind it in this order. */
export function inOrder (...pieces: readonly string[]): RegExp {
  return new RegExp(`^${pieces.map((piece) => piece.replace(/[.()[\]{}'+*?^$|\\/]/g, '\\$&')).join('.*')}`)
}
