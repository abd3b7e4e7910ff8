/** DER as a tree that can be changed and written again with right lengths. */
export interface Node {
  tag: number
  /** Primitive content; unused where there are children. */
  content: Buffer
  children: Node[] | undefined
  /** Content before the children: the unused-bits octet of a BIT STRING that wraps DER. */
  prefix: Buffer
}

const NOTHING = Buffer.alloc(0)

/**
 * The elements of `bytes`, or `undefined` where they are no run of well-formed ones. Strings that hold DER are opened
 * too.
 */
export function toTree (bytes: Buffer, depth = 0): Node[] | undefined {
  const nodes: Node[] = []
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes, at)
    if (header === undefined || depth > 24) return undefined
    const content = bytes.subarray(header.contentStart, header.end)
    nodes.push(toNode(bytes[at] as number, content, depth))
    at = header.end
  }
  return nodes
}

function toNode (tag: number, content: Buffer, depth: number): Node {
  const wraps = tag === 0x03 && content[0] === 0 ? 1 : 0
  const opened = (tag & 0x20) !== 0 || tag === 0x04 || wraps === 1
    ? toTree(content.subarray(wraps), depth + 1)
    : undefined
  const children = opened !== undefined && (opened.length > 0 || (tag & 0x20) !== 0) ? opened : undefined
  return {
    tag,
    content: Buffer.from(content),
    children,
    prefix: children === undefined ? NOTHING : Buffer.from(content.subarray(0, wraps))
  }
}

function readHeader (bytes: Buffer, at: number): { contentStart: number, end: number } | undefined {
  const first = bytes[at + 1]
  if (first === undefined || first === 0x80 || first > 0x83) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  if (at + 2 + count > bytes.length) return undefined
  const end = at + 2 + count + (count === 0 ? first : bytes.readUIntBE(at + 2, count))
  return end > bytes.length ? undefined : { contentStart: at + 2 + count, end }
}

export function toBytes (nodes: readonly Node[]): Buffer {
  return Buffer.concat(nodes.map((node) => {
    const content = node.children === undefined ? node.content : Buffer.concat([node.prefix, toBytes(node.children)])
    return Buffer.concat([Buffer.from([node.tag]), encodeLength(content.length), content])
  }))
}

function encodeLength (length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  if (length < 0x100) return Buffer.from([0x81, length])
  if (length < 0x1_0000) return Buffer.from([0x82, length >> 8, length & 0xff])
  return Buffer.from([0x83, length >> 16, (length >> 8) & 0xff, length & 0xff])
}

/** Every node with the list that holds it, depth first. */
export function listNodes (
  nodes: Node[], found: { siblings: Node[], index: number }[] = []
): { siblings: Node[], index: number }[] {
  nodes.forEach((node, index) => {
    found.push({ siblings: nodes, index })
    if (node.children !== undefined) listNodes(node.children, found)
  })
  return found
}
