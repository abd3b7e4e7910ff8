// What must be in force after files were read. It knows nothing of bytes: a file means something, or nothing.

/** The files, by the part that is taken or refused as a whole. */
export const PARTS = {
  own: ['cert', 'key'],
  a: ['ca-a', 'crl-a'],
  b: ['ca-b', 'crl-b'],
  block: ['block'],
  rules: ['rules']
} as const
export type Part = keyof typeof PARTS
export type File = typeof PARTS[Part][number]
export type AuthorityPart = 'a' | 'b'

/** What reads which parts, each at once. */
export const SOURCES = {
  credentials: ['own', 'a', 'b'],
  block: ['block'],
  rules: ['rules']
} as const satisfies Record<string, readonly Part[]>
export type Source = keyof typeof SOURCES
export const sourceOf = (part: Part): Source => part === 'block' || part === 'rules' ? part : 'credentials'

/** Each authority has two CAs, of which one is trusted. */
export const ROOTS = ['a1', 'a2', 'b1', 'b2'] as const
export type Root = typeof ROOTS[number]

/** Clients, two below each CA. */
export const CLIENTS: readonly string[] = ROOTS.flatMap((root) => [`${root}-0`, `${root}-1`])
export const rootOf = (client: string): Root => client.slice(0, 2) as Root
export const authorityOf = (root: Root): AuthorityPart => root.slice(0, 1) as AuthorityPart

/** What the content of a file means. */
export type Meaning =
  | { readonly is: 'cert' | 'key', readonly pair: number }
  | { readonly is: 'ca', readonly root: Root }
  | { readonly is: 'crl', readonly root: Root, readonly number: number, readonly revoked: ReadonlySet<string> }
  | { readonly is: 'block' | 'rules', readonly clients: ReadonlySet<string> }

/** What each file means; undefined if it is missing, or cannot be read. */
export type Disk = Readonly<Record<File, Meaning | undefined>>

/** Whether a part of the disk can be used instead of what is in force. */
export function isUsable (part: Part, disk: Disk, inForce: Disk): boolean {
  const meanings = PARTS[part].map((file) => disk[file])
  const [first, second] = meanings
  if (meanings.includes(undefined) || first === undefined) return false
  if (first.is === 'cert') return second?.is === 'key' && first.pair === second.pair
  if (first.is !== 'ca') return true
  const [ca, crl] = [inForce[`ca-${part as AuthorityPart}`], inForce[`crl-${part as AuthorityPart}`]]
  if (second?.is !== 'crl' || ca?.is !== 'ca' || crl?.is !== 'crl') return false
  // A CA may come before its list, and until then its clients are refused. A CA that stays keeps its list, or gets a
  // newer one: an older list may lack a revocation.
  const hasList = ca.root === first.root && crl.root === first.root
  return !hasList || (second.root === first.root && second.number >= crl.number)
}

/** What is in force after a source has read its files, and the parts that it refused. */
export function readAgain (source: Source, disk: Disk, inForce: Disk): { inForce: Disk, refused: readonly Part[] } {
  const refused = SOURCES[source].filter((part) => !isUsable(part, disk, inForce))
  const taken = SOURCES[source].filter((part) => !refused.includes(part)).flatMap((part) => PARTS[part])
  return { inForce: { ...inForce, ...Object.fromEntries(taken.map((file) => [file, disk[file]])) }, refused }
}

/** The status that a client gets; undefined: its certificate is refused. */
export function statusOf (client: string, inForce: Disk): 200 | 403 | undefined {
  const root = rootOf(client)
  const [ca, crl] = [inForce[`ca-${authorityOf(root)}`], inForce[`crl-${authorityOf(root)}`]]
  const { block, rules } = inForce
  if (ca?.is !== 'ca' || crl?.is !== 'crl' || block?.is !== 'block' || rules?.is !== 'rules') {
    throw new Error('a file in force means nothing')
  }
  if (ca.root !== root || crl.root !== root || crl.revoked.has(client) || block.clients.has(client)) return undefined
  return rules.clients.has(client) ? 200 : 403
}
