import type { Scope } from './scope.ts'
import { bare, isCall, isMember, propertyOf, textOfNode } from './syntax.ts'
import type { Node } from './syntax.ts'

/** A comparison of a part of the client's certificate with texts. */
export interface Comparison {
  readonly node: Node
  readonly path: readonly string[]
  readonly values: readonly string[]
  /** `exact`, `part` (a text within the value) or `pattern` (another test of the value, which has no rule). */
  readonly how: 'exact' | 'part' | 'pattern'
  /** Whether it is true for other values: `!==`. */
  readonly isNegated: boolean
}

const EQUALS = /^[!=]==?$/
/** Tests of a text that no rule can say. */
const PATTERNS = ['startsWith', 'endsWith', 'match', 'search', 'localeCompare']

/** Reads a comparison. Undefined: the expression is none, or not with a part of the certificate. */
export function readComparison (expression: Node, scope: Scope): Comparison | undefined {
  const node = bare(expression)
  if (node.type === 'UnaryExpression' && node['operator'] === '!') {
    const inner = readComparison(node['argument'] as Node, scope)
    return inner && { ...inner, isNegated: !inner.isNegated }
  }
  if (node.type === 'BinaryExpression') return readEquals(node, scope)
  return isCall(node) ? readCall(node, scope) : undefined
}

function readEquals (node: Node, scope: Scope): Comparison | undefined {
  const operator = node['operator'] as string
  if (!EQUALS.test(operator)) return readIndexOf(node, scope)
  for (const [one, other] of [['left', 'right'], ['right', 'left']] as const) {
    const [path, value] = [partOf(node[one] as Node, scope), textOfNode(node[other] as Node)]
    if (path !== undefined && value !== undefined) {
      return { node, path, values: [value], how: 'exact', isNegated: operator.startsWith('!') }
    }
  }
  return readIndexOf(node, scope)
}

/** `list.indexOf(cn) !== -1`, `san.indexOf('DNS:a') >= 0` */
function readIndexOf (node: Node, scope: Scope): Comparison | undefined {
  const left = bare(node['left'] as Node)
  const callee = left['callee'] as Node | undefined
  if (!isCall(left) || callee === undefined || !isMember(callee) || propertyOf(callee) !== 'indexOf') return undefined
  const found = readMembership(left, scope)
  const isAbsent = ['===', '==', '<'].includes(node['operator'] as string) &&
    !(bare(node['right'] as Node)['value'] === 0 && node['operator'] !== '<')
  return found && { ...found, node, isNegated: isAbsent }
}

function readCall (node: Node, scope: Scope): Comparison | undefined {
  const callee = node['callee'] as Node
  if (!isMember(callee)) return undefined
  const name = propertyOf(callee) ?? ''
  if (['includes', 'has'].includes(name)) return readMembership(node, scope)
  const subject = name === 'test' ? (node['arguments'] as readonly Node[])[0] : callee['object'] as Node
  if (subject === undefined || (name !== 'test' && !PATTERNS.includes(name))) return undefined
  const path = partOf(subject, scope)
  return path && { node, path, values: [], how: 'pattern', isNegated: false }
}

/** `list.includes(cn)`, `set.has(cn)`, `san.includes('DNS:a')` */
function readMembership (node: Node, scope: Scope): Comparison | undefined {
  const object = (node['callee'] as Node)['object'] as Node
  const [argument] = node['arguments'] as readonly Node[]
  if (argument === undefined) return undefined
  const [values, path] = [scope.valuesOf(object), partOf(argument, scope)]
  if (values !== undefined && path !== undefined) return { node, path, values, how: 'exact', isNegated: false }
  const [whole, text] = [partOf(object, scope), textOfNode(argument)]
  if (whole === undefined || text === undefined) return undefined
  const isSplit = isCall(bare(object))
  return { node, path: whole, values: [text], how: isSplit ? 'exact' : 'part', isNegated: false }
}

/** A part of the certificate, and not the certificate itself. */
function partOf (expression: Node, scope: Scope): readonly string[] | undefined {
  const path = scope.pathOf(expression)
  return path === undefined || path.length === 0 ? undefined : path
}
