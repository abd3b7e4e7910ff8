import { bare, isCall, isMember, propertyOf, textOfNode } from './syntax.ts'
import type { Node } from './syntax.ts'

/** What a name stands for: a part of the client's certificate, or a list of texts. */
export type Meaning = { readonly path: readonly string[] } | { readonly values: readonly string[] }

/** The calls that give the client's certificate. */
export const CERTIFICATE_CALLS: readonly string[] = ['getPeerCertificate', 'getPeerX509Certificate']

/** Methods that leave a text nearly what it is. */
const SAME = /^(?:to(?:Lower|Upper)Case|trim|split|toString)$/

/** Names and what they stand for, with those of the functions around. */
export class Scope {
  readonly #names = new Map<string, Meaning | undefined>()
  readonly #outer: Scope | undefined

  constructor (outer?: Scope) {
    this.#outer = outer
  }

  lookup (name: string): Meaning | undefined {
    return this.#names.has(name) ? this.#names.get(name) : this.#outer?.lookup(name)
  }

  /** @param meaning undefined hides a name of a function around */
  set (name: string, meaning: Meaning | undefined): void {
    this.#names.set(name, meaning)
  }

  /** Remembers what a pattern, such as `{ subject: { CN } }`, takes out of a part of the certificate. */
  bind (pattern: Node, path: readonly string[] | undefined): void {
    if (pattern.type === 'Identifier') this.set(pattern['name'] as string, path && { path })
    if (pattern.type === 'AssignmentPattern') this.bind(pattern['left'] as Node, path)
    if (pattern.type !== 'ObjectPattern') return
    for (const property of pattern['properties'] as readonly Node[]) {
      if (property.type !== 'ObjectProperty') continue
      const { name, value } = property['key'] as Node
      const key = (name ?? value) as string
      this.bind(property['value'] as Node, path && [...path, key])
    }
  }

  /** Remembers what a declaration or an assignment says. */
  declare (target: Node, init: Node | null): void {
    const values = init === null ? undefined : this.valuesOf(init)
    if (values !== undefined && target.type === 'Identifier') this.set(target['name'] as string, { values })
    else this.bind(target, init === null ? undefined : this.pathOf(init))
  }

  /** Which part of the client's certificate an expression is: `['subject', 'CN']`, `[]` for the certificate. */
  pathOf (expression: Node): readonly string[] | undefined {
    const node = bare(expression)
    if (node.type === 'Identifier') {
      const meaning = this.lookup(node['name'] as string)
      return meaning !== undefined && 'path' in meaning ? meaning.path : undefined
    }
    if (isCall(node)) {
      const callee = node['callee'] as Node
      const name = isMember(callee) ? propertyOf(callee) ?? '' : ''
      if (CERTIFICATE_CALLS.includes(name)) return []
      return SAME.test(name) ? this.pathOf(callee['object'] as Node) : undefined
    }
    if (isMember(node)) {
      const [path, name] = [this.pathOf(node['object'] as Node), propertyOf(node)]
      return path === undefined || name === undefined ? undefined : [...path, name]
    }
    // `cert || {}`, `cert ?? {}`
    return node.type === 'LogicalExpression' ? this.pathOf(node['left'] as Node) : undefined
  }

  /** The texts of a literal list: `['a', 'b']`, `new Set(['a'])`, `Object.freeze(['a'])`, or a name of one. */
  valuesOf (expression: Node): readonly string[] | undefined {
    const node = bare(expression)
    if (node.type === 'Identifier') {
      const meaning = this.lookup(node['name'] as string)
      return meaning !== undefined && 'values' in meaning ? meaning.values : undefined
    }
    if (node.type === 'NewExpression' || isCall(node)) {
      const [first, ...others] = node['arguments'] as readonly Node[]
      return first === undefined || others.length > 0 ? undefined : this.#listOf(bare(first))
    }
    return this.#listOf(node)
  }

  #listOf ({ type, elements }: Node): readonly string[] | undefined {
    if (type !== 'ArrayExpression') return undefined
    const texts = (elements as ReadonlyArray<Node | null>).map((element) => textOfNode(element))
    return texts.length > 0 && texts.every((text) => text !== undefined) ? texts : undefined
  }
}
