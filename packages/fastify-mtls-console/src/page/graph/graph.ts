/** The look of a node and its edge. `none`: nothing was called yet. */
export type GraphTone = 'good' | 'warn' | 'bad' | 'none'

/** A client or a server of the graph. */
export interface GraphNode {
  readonly name: string
  /** The second line. */
  readonly note: string
  readonly tone: GraphTone
  /** Its page. */
  readonly href: string | undefined
  /** How many requests or connections. The edge is the thicker, the more there are. */
  readonly weight: number
}

/** Who calls the service, and whom it calls. */
export interface Graph {
  readonly service: string
  readonly callers: readonly GraphNode[]
  readonly servers: readonly GraphNode[]
}

/** The largest number of nodes on each side. The tables below the graph have all. */
export const MAX_NODES = 12

/** The first nodes, and one that stands for the others. */
export function limitNodes (nodes: readonly GraphNode[], word: string): readonly GraphNode[] {
  if (nodes.length <= MAX_NODES) return nodes
  const [shown, others] = [nodes.slice(0, MAX_NODES - 1), nodes.slice(MAX_NODES - 1)]
  const weight = others.reduce((sum, one) => sum + one.weight, 0)
  const note = 'see the table below'
  return [...shown, { name: `${others.length} more ${word}`, note, tone: 'none', href: undefined, weight }]
}

/** 1 to 4, by the magnitude of the number of calls. */
export function thicknessOf (weight: number): number {
  return Math.min(4, 1 + Math.floor(Math.log10(Math.max(1, weight))))
}

/** Cuts a text in its middle, because the beginning and the end of a name say the most. */
export function shorten (text: string, length: number): string {
  const letters = [...text]
  if (letters.length <= length) return text
  const [head, tail] = [Math.ceil((length - 1) / 2), Math.floor((length - 1) / 2)]
  return `${letters.slice(0, head).join('')}…${letters.slice(-tail).join('')}`
}
