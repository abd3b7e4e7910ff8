/** A node of the syntax tree, as far as it is read here. */
export interface Node {
  readonly type: string
  readonly loc: { readonly start: { readonly line: number, readonly column: number } }
  readonly [key: string]: unknown
}

/** The nodes directly below a node, in the order of the source. */
export function childrenOf (node: Node): Node[] {
  return Object.entries(node).filter(([key]) => !key.endsWith('Comments')).flatMap(([, value]) => value)
    .filter((value): value is Node => {
      const { type, loc } = (value ?? {}) as Partial<Node>
      return typeof type === 'string' && loc !== undefined
    })
}

export function isFunction ({ type }: Node): boolean {
  return /Function|^ObjectMethod$|^ClassMethod$|^ClassPrivateMethod$/.test(type)
}

/** The expression without parentheses, types, `await` and `!`. */
export function bare (node: Node): Node {
  const wrapped = /^(?:TSAsExpression|TSNonNullExpression|TSSatisfiesExpression|TSTypeAssertion|ParenthesizedExpression)$/
  let inner = node
  while (wrapped.test(inner.type)) inner = inner['expression'] as Node
  return inner.type === 'AwaitExpression' ? bare(inner['argument'] as Node) : inner
}

/** The value of a literal text or number, as text. */
export function textOfNode (node: Node | null | undefined): string | undefined {
  if (node === undefined || node === null) return undefined
  const { type, value, quasis } = bare(node)
  if (type === 'StringLiteral') return value as string
  if (type !== 'TemplateLiteral') return undefined
  const [only, ...others] = quasis as ReadonlyArray<{ readonly value: { readonly cooked: string } }>
  return others.length === 0 ? only?.value.cooked : undefined
}

/** The name of the property that a member expression reads, if it is not computed. */
export function propertyOf (node: Node): string | undefined {
  const property = node['property'] as Node
  return node['computed'] === true ? textOfNode(property) : property['name'] as string | undefined
}

export function isMember ({ type }: Node): boolean {
  return type === 'MemberExpression' || type === 'OptionalMemberExpression'
}

export function isCall ({ type }: Node): boolean {
  return type === 'CallExpression' || type === 'OptionalCallExpression'
}
