import type { Random } from './random.ts'
import { listNodes, toBytes, toTree } from './der-tree.ts'
import type { Node } from './der-tree.ts'

const TAGS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1e, 0x30,
  0x31, 0x24, 0x2c, 0x81, 0x82, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa3, 0xa4
]
const OCTETS = [
  0x00, 0x01, 0x0a, 0x20, 0x22, 0x23, 0x27, 0x2b, 0x2c, 0x2f, 0x3d, 0x5a, 0x5c, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xc3,
  0xd8, 0xe2, 0xed, 0xff
]
const TEXTS = [
  '', '\0', 'a\0b', ', URI:spiffe://td/admin', '/CN=admin', 'CN=admin,O=x', '\u00fc', '\u202e', '\ufeff', ' ', '#',
  '*.x', "'", '"', '\\', '\n', 'a+CN=b', '%2e', 'spiffe://td/a', 'spiffe://TD/a', 'x'.repeat(130)
]
const TIMES = [
  '500101000000Z', '491231235959Z', '000229000000Z', '010229000000Z', '20500101000000Z', '99991231235959Z',
  '00000101000000Z', '20250101000000.5Z', '2501010000Z', '250101000000+0000', '250101246060Z'
]
const INTEGERS = [
  '', '00', '0000', '0080', '80', '7f', 'ff', 'ff80', '00ff', '0100000000000000', '7fffffff', '80000000'
]

/**
 * One mutant of `seed`. Half are changed blindly, as on the wire; half in a part of their tree, with right lengths
 * around it, which get further in.
 */
export function mutateDer (seed: Buffer, others: readonly Buffer[], random: Random): Buffer {
  return random.below(2) === 0 ? mutateBytes(seed, others, random) : mutateTree(seed, others, random)
}

function mutateBytes (seed: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const bytes = Buffer.from(seed)
  const at = random.below(bytes.length)
  const change = random.below(8)
  switch (change) {
    case 0: return bytes.subarray(0, at)
    case 1: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))])
    case 2: return Buffer.concat([bytes.subarray(0, at), randomBytes(1 + random.below(8), random), bytes.subarray(at)])
    case 3: return Buffer.concat([bytes, randomBytes(1 + random.below(8), random)])
    case 4: {
      const other = random.pick(others)
      const from = random.below(other.length)
      other.copy(bytes, at, from, from + 1 + random.below(16))
      return bytes
    }
    case 5: bytes[at] = random.pick(OCTETS); return bytes
    default:
      for (let flips = 0; flips <= change - 6; flips++) flip(bytes, random)
      return bytes
  }
}

function mutateTree (seed: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const tree = toTree(seed)
  if (tree === undefined) return mutateBytes(seed, others, random)
  for (let changes = 1 + random.below(2); changes > 0; changes--) changeNode(tree, others, random)
  return toBytes(tree)
}

function changeNode (tree: Node[], others: readonly Buffer[], random: Random): void {
  const nodes = listNodes(tree)
  if (nodes.length === 0) return
  const { siblings, index } = random.pick(nodes)
  const node = siblings[index] as Node
  switch (random.below(12)) {
    case 0: siblings.splice(index, 1); break
    case 1: siblings.splice(index, 0, node); break
    case 2: node.tag = random.pick(TAGS); break
    case 3: node.tag ^= 1 << random.below(8); break
    case 4: {
      const donors = listNodes(toTree(random.pick(others)) ?? [])
      // Another input may be no DER at all.
      const donor = random.pick(donors) as typeof donors[number] | undefined
      siblings[index] = donor?.siblings[donor.index] ?? node
      break
    }
    case 5: siblings.reverse(); break
    case 6: siblings.splice(
      index, 1, { tag: 0x30, content: Buffer.alloc(0), children: [node], prefix: Buffer.alloc(0) }
    ); break
    case 7: setContent(
      node, Buffer.from(random.pick(TEXTS), random.pick(['utf8', 'latin1', 'utf16le'] as const))
    ); break
    case 8: setContent(node, Buffer.from(random.pick(TIMES))); break
    case 9: setContent(node, Buffer.from(random.pick(INTEGERS), 'hex')); break
    default: changeContent(node, random)
  }
}

function setContent (node: Node, content: Buffer): void {
  node.content = content
  node.children = undefined
}

function changeContent (node: Node, random: Random): void {
  if (node.children !== undefined) return
  const bytes = Buffer.from(node.content)
  if (bytes.length > 0 && random.below(2) === 0) flip(bytes, random)
  else if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick(OCTETS)
  const at = random.below(bytes.length + 1)
  node.content = random.below(4) === 0
    ? Buffer.concat([bytes.subarray(0, at), randomBytes(1, random), bytes.subarray(at)])
    : bytes
}

function flip (bytes: Buffer, random: Random): void {
  const at = random.below(bytes.length)
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
}

function randomBytes (length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(2) === 0 ? random.below(256) : random.pick(OCTETS)))
}
