import { readComparison } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import { proposeAll } from './join.ts'
import type { Proposal } from './proposal.ts'
import { CERTIFICATE_CALLS, Scope } from './scope.ts'
import { bare, childrenOf, isCall, isFunction, isMember, propertyOf, textOfNode } from './syntax.ts'
import type { Node } from './syntax.ts'
import { isGatewayHeader, weaknessOf, WEAKNESSES } from './weaknesses.ts'
import type { FindingKind } from './weaknesses.ts'

/** A place where code decides by the client certificate by hand. */
export interface Finding {
  /** Both counted from 1. */
  readonly line: number
  readonly column: number
  readonly kind: FindingKind
  /** The code that was found, in short. */
  readonly code: string
  readonly does: string
  readonly weak: string
  readonly instead: string
  readonly proposals: readonly Proposal[]
}

type Draft = Omit<Finding, 'proposals'> & { readonly proposals: Proposal[] }

/** The function around a node. */
interface Context {
  readonly scope: Scope
  /** Whether this function, or one around it, checks `authorized`. */
  readonly isChecked: boolean
  /** The last place in it where a certificate came from. */
  source: Draft | undefined
}

const MIDDLEWARE = 'client-certificate-auth'
/** Variables and parameters that hold a certificate, by their usual names. */
const CERTIFICATE_NAME = /^(?:peer|client)?_?cert(?:ificate)?$/i
const VERDICTS: Readonly<Record<string, FindingKind>> = {
  authorized: 'authorized', authorizationError: 'authorization_error'
}
const SOCKET_NAME = /^(?:client|connection|stream|.*socket)$/i

/** Finds such places in the syntax tree of a file, in their order. */
export function findByHand (program: Node): Finding[] {
  const finder = new Finder()
  finder.visit(program, { scope: new Scope(), isChecked: false, source: undefined })
  return finder.drafts.sort((one, other) => one.line - other.line || one.column - other.column)
}

class Finder {
  readonly drafts: Draft[] = []
  /** What the file calls the middleware. */
  readonly #middleware = new Set<string>()
  /** Functions whose first parameter is the certificate. */
  readonly #callbacks = new Map<Node, Draft>()

  visit (node: Node, context: Context): void {
    if (isFunction(node)) {
      this.#visitFunction(node, context)
      return
    }
    if (node.type === 'LogicalExpression') {
      this.#visitLogical(node, context)
      return
    }
    if (isCall(node)) this.#readCall(node, context)
    for (const child of childrenOf(node)) this.visit(child, context)
    this.#read(node, context)
  }

  #visitFunction (node: Node, outer: Context): void {
    const scope = new Scope(outer.scope)
    const callback = this.#callbacks.get(node)
    const context: Context = {
      scope, isChecked: outer.isChecked || checksAuthorized(node), source: callback ?? outer.source
    }
    const [first, ...others] = node['params'] as readonly Node[]
    if (first !== undefined) scope.bind(first, callback !== undefined || isNamedCertificate(first) ? [] : undefined)
    for (const other of others) scope.bind(other, isNamedCertificate(other) ? [] : undefined)
    for (const child of childrenOf(node)) this.visit(child, context)
  }

  /** Operands that are joined are one rule, so they are read together. */
  #visitLogical (node: Node, context: Context): void {
    const operands = flatten(node, node['operator'] as string)
    const comparisons = operands.map((operand) => readComparison(operand, context.scope))
    for (const [index, operand] of operands.entries()) {
      if (comparisons[index] === undefined) this.visit(operand, context)
      else for (const child of childrenOf(bare(operand))) this.visit(child, context)
    }
    const found = comparisons.filter((one) => one !== undefined)
    if (found[0] === undefined) return
    const hasMore = operands.some((operand, index) => comparisons[index] === undefined && asksMore(operand, context))
    const proposals = proposeAll(found, node['operator'] as string, hasMore)
    this.#sourceOf(context, found[0].node).proposals.push(...proposals)
  }

  #read (node: Node, context: Context): void {
    const comparison = readComparison(node, context.scope)
    // What `!` negates was read already.
    if (comparison !== undefined && node.type !== 'UnaryExpression') {
      this.#sourceOf(context, node).proposals.push(...proposeAll([comparison], '&&', false))
    }
    if (node.type === 'VariableDeclarator') context.scope.declare(node['id'] as Node, node['init'] as Node | null)
    if (node.type === 'AssignmentExpression') context.scope.declare(node['left'] as Node, node['right'] as Node)
    if (node.type === 'ImportDeclaration' && textOfNode(node['source'] as Node) === MIDDLEWARE) {
      for (const { local } of node['specifiers'] as ReadonlyArray<{ local: Node }>) {
        this.#middleware.add(local['name'] as string)
      }
    }
    if (node.type === 'VariableDeclarator' && isRequire(node['init'] as Node | null)) {
      this.#middleware.add((node['id'] as Node)['name'] as string)
    }
    if (node.type === 'SwitchStatement') this.#readSwitch(node, context)
    if (isMember(node)) this.#readMember(node, context)
    if (node.type === 'ObjectExpression' && isUnverified(node)) {
      this.#add('unverified_server', node, 'rejectUnauthorized: false', context)
    }
  }

  /** What has to be known before the arguments are read. */
  #readCall (node: Node, context: Context): void {
    const callee = bare(node['callee'] as Node)
    const args = node['arguments'] as readonly Node[]
    if (callee.type === 'Identifier' && this.#middleware.has(callee['name'] as string)) {
      const draft = this.#add('client_certificate_auth', node, `${callee['name'] as string}(…)`, context)
      for (const arg of args) if (isFunction(arg)) this.#callbacks.set(arg, draft)
    }
    if (!isMember(callee)) return
    const name = propertyOf(callee) ?? ''
    if (CERTIFICATE_CALLS.includes(name)) {
      context.source = this.#add('leaf_read', callee['property'] as Node, `${name}()`, context)
    }
    const header = ['get', 'header', 'getHeader'].includes(name) ? textOfNode(args[0]) : undefined
    if (header !== undefined && isGatewayHeader(header)) this.#add('gateway_header', node, header, context)
  }

  #readMember (node: Node, context: Context): void {
    const name = propertyOf(node) ?? ''
    const object = bare(node['object'] as Node)
    const kind = VERDICTS[name]
    if (kind !== undefined && isSocket(object)) this.#add(kind, node['property'] as Node, name, context)
    const holder = isMember(object) ? propertyOf(object) : object['name']
    if (/^(?:raw)?headers/i.test(String(holder)) && isGatewayHeader(name)) this.#add('gateway_header', node, name, context)
  }

  /** `switch (cert.subject.CN) { case 'a': case 'b': … }` */
  #readSwitch (node: Node, context: Context): void {
    const path = context.scope.pathOf(node['discriminant'] as Node)
    const cases = node['cases'] as ReadonlyArray<{ readonly test: Node | null }>
    const values = cases.map(({ test }) => textOfNode(test)).filter((text) => text !== undefined)
    if (path === undefined || path.length === 0 || values.length === 0) return
    const comparison: Comparison = { node, path, values, how: 'exact', isNegated: false }
    this.#sourceOf(context, node).proposals.push(...proposeAll([comparison], '&&', false))
  }

  #sourceOf (context: Context, node: Node): Draft {
    context.source ??= this.#add('leaf_read', node, 'a certificate that was read elsewhere', context)
    return context.source
  }

  #add (kind: FindingKind, { loc: { start } }: Node, code: string, { isChecked }: Context): Draft {
    const { does, instead } = WEAKNESSES[kind]
    const weak = weaknessOf(kind, isChecked)
    const draft: Draft = {
      line: start.line, column: start.column + 1, kind, code, does, weak, instead, proposals: []
    }
    this.drafts.push(draft)
    return draft
  }
}

function flatten (node: Node, operator: string): Node[] {
  const inner = bare(node)
  if (inner.type !== 'LogicalExpression' || inner['operator'] !== operator) return [node]
  return [...flatten(inner['left'] as Node, operator), ...flatten(inner['right'] as Node, operator)]
}

/** Whether an operand is a condition of its own, and not only whether there is a certificate that was accepted. */
function asksMore (operand: Node, { scope }: Context): boolean {
  const node = bare(operand)
  const inner = node.type === 'UnaryExpression' ? bare(node['argument'] as Node) : node
  if (scope.pathOf(inner) !== undefined) return false
  return !(isMember(inner) && propertyOf(inner) === 'authorized')
}

function isNamedCertificate ({ type, name }: Node): boolean {
  return type === 'Identifier' && CERTIFICATE_NAME.test(name as string)
}

function isSocket (node: Node): boolean {
  return SOCKET_NAME.test(String(isMember(node) ? propertyOf(node) : node['name'] ?? ''))
}

function checksAuthorized (node: Node): boolean {
  if (isMember(node) && propertyOf(node) === 'authorized' && isSocket(bare(node['object'] as Node))) return true
  return childrenOf(node).some(checksAuthorized)
}

function isRequire (init: Node | null): boolean {
  if (init === null || !isCall(init) || (init['callee'] as Node)['name'] !== 'require') return false
  return textOfNode((init['arguments'] as readonly Node[])[0]) === MIDDLEWARE
}

/** `{ requestCert: true, rejectUnauthorized: false }` */
function isUnverified (node: Node): boolean {
  const has = (name: string, value: boolean): boolean => (node['properties'] as readonly Node[]).some((property) => {
    const { name: key, value: text } = (property['key'] ?? {}) as Node
    return (key ?? text) === name && bare(property['value'] as Node)['value'] === value
  })
  return has('requestCert', true) && has('rejectUnauthorized', false)
}
