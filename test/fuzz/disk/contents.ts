import { issueClient, issueServer, makeCrl, makeRoot } from '../../attacks/support/forger.ts'
import type { Authority, Made } from '../../attacks/support/forger.ts'
import { CLIENTS, PARTS, ROOTS, authorityOf, rootOf } from './model.ts'
import type { AuthorityPart, Disk, File, Meaning, Part, Root } from './model.ts'

/** A text with what it means. */
export interface Content { readonly text: string, readonly meaning: Meaning | undefined }

/** How a content is damaged. */
export type Damage = 'cut' | 'garbage' | 'empty' | 'of another file'

/** What a file holds if it was mixed up with its neighbour. */
const NEIGHBOURS: Readonly<Record<File, File>> = {
  cert: 'key',
  key: 'cert',
  'ca-a': 'crl-a',
  'crl-a': 'ca-a',
  'ca-b': 'crl-b',
  'crl-b': 'ca-b',
  block: 'rules',
  rules: 'block'
}

/** Makes the contents of files, and knows what they mean. */
export class Contents {
  readonly #roots = Object.fromEntries(ROOTS.map((root) => [root, makeRoot(`Root ${root}`)])) as Record<Root, Authority>
  readonly #servers = makeRoot('Servers')
  readonly #clients: Readonly<Record<string, Made>> = Object.fromEntries(CLIENTS.map((name) => [
    name, issueClient(this.#roots[rootOf(name)], name, { dns: `${name}.example` })
  ]))

  /** The serial numbers of the certificates of the server, in lower-case hexadecimal. Their index is the pair. */
  readonly serials: string[] = []
  readonly #revoked = new Set<string>()
  /** Every content that was made: a text may come back. */
  readonly #made = new Map<Meaning, string>()
  #lists = 0

  clientOf (name: string): Made { return this.#clients[name]! }

  textOf (meaning: Meaning): string { return this.#made.get(meaning)! }

  /**
   * New contents for all files of a part.
   *
   * @param choice chooses the CA, and clients
   */
  make (part: Part, choice: number): ReadonlyMap<File, Content> {
    const [first, second] = PARTS[part]
    if (part === 'own') {
      const made = issueServer(this.#servers)
      const pair = this.serials.push(made.serial.toString('hex')) - 1
      return new Map([
        [first, this.#keep(made.pem, { is: 'cert', pair })],
        [second as File, this.#keep(made.keyPem, { is: 'key', pair })]
      ])
    }
    if (part === 'block' || part === 'rules') {
      const clients = new Set(CLIENTS.filter((_, index) => (choice >> index) % 2 === 1))
      const content = part === 'block' ? this.#blockOf(clients) : rulesOf(clients)
      return new Map([[first, this.#keep(JSON.stringify(content), { is: part, clients })]])
    }
    const root: Root = `${part}${choice % 2 === 0 ? 1 : 2}`
    // What is revoked stays so.
    if (choice % 4 > 1) this.#revoked.add(CLIENTS.filter((name) => rootOf(name) === root)[(choice >> 2) % 2]!)
    const revoked = new Set(CLIENTS.filter((name) => rootOf(name) === root && this.#revoked.has(name)))
    const list = makeCrl(this.#roots[root], [...revoked].map((name) => this.clientOf(name)))
    this.#lists += 1
    return new Map([
      [first, this.#keep(this.#roots[root].pem, { is: 'ca', root })],
      [second as File, this.#keep(list, { is: 'crl', root, number: this.#lists, revoked })]
    ])
  }

  /**
   * A content as a writer leaves it that fails, or that took the wrong file.
   *
   * @param share where it is cut, from 0 up to 1
   */
  damage (file: File, { text }: Content, damage: Damage, share: number, disk: Disk): Content {
    const other = disk[NEIGHBOURS[file]]
    const texts: Record<Damage, string> = {
      cut: cut(text, share),
      garbage: '\u0000nothing of use\n',
      empty: '',
      'of another file': other === undefined ? '' : this.textOf(other)
    }
    return { text: texts[damage], meaning: undefined }
  }

  #keep (text: string, meaning: Meaning): Content {
    this.#made.set(meaning, text)
    return { text, meaning }
  }

  #blockOf (clients: ReadonlySet<string>): object {
    const block = [...clients].map((name) => ({
      issuer: `CN=Root ${rootOf(name)}`, serialNumber: this.clientOf(name).serial.toString('hex')
    }))
    return { version: 1, block }
  }
}

function rulesOf (clients: ReadonlySet<string>): object {
  const namesOf = (authority: AuthorityPart): string[] =>
    ['nobody', ...[...clients].filter((name) => authorityOf(rootOf(name)) === authority)]
  return { defaultRules: [{ authority: 'a', cn: namesOf('a') }, { authority: 'b', cn: namesOf('b') }] }
}

/** The first part of a text, which means nothing: its last block, or its last bracket, is not closed. */
function cut (text: string, share: number): string {
  const begin = text.lastIndexOf('-----BEGIN')
  const [from, to] = begin === -1 ? [1, text.length - 1] : [begin, text.lastIndexOf('-----END')]
  return text.slice(0, from + Math.floor((to - from) * share))
}
