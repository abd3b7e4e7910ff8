import type { Random } from '@peerkit/test-support/random'

/** Octets that often mean something: bounds of lengths and signs, separators, white space. */
const OCTETS = [0x00, 0x01, 0x0a, 0x20, 0x22, 0x2c, 0x30, 0x3d, 0x5c, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xc3, 0xfe, 0xff]
/** Longest mutant in octets. Work that grows with the square of the length shows well below it. */
const LONGEST = 32_768

type Change = (bytes: Buffer, others: readonly Buffer[], random: Random, words: readonly Buffer[]) => Buffer

/**
 * Changes octets without regard to their meaning: flipped bits, cut and repeated pieces, lengths that lie, pieces of
 * other inputs, and words of the format.
 */
export function mutateOctets (
  seed: Buffer, others: readonly Buffer[], random: Random, words: readonly Buffer[] = []
): Buffer {
  let bytes: Buffer = Buffer.from(seed)
  for (let turn = random.below(3); turn >= 0; turn--) bytes = random.pick(CHANGES)(bytes, others, random, words)
  return bytes.length > LONGEST ? bytes.subarray(0, LONGEST) : bytes
}

const at = (bytes: Buffer, random: Random): number => random.below(bytes.length + 1)

function insert (bytes: Buffer, where: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, where), piece, bytes.subarray(where)])
}

function pieceOf (bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length + 1)
  return bytes.subarray(from, from + 1 + random.below(random.pick([4, 16, 64, 512])))
}

function set (bytes: Buffer, value: (before: number) => number, random: Random): Buffer {
  if (bytes.length === 0) return bytes
  const where = random.below(bytes.length)
  const changed = Buffer.from(bytes)
  changed[where] = value(changed[where] as number)
  return changed
}

const CHANGES: readonly Change[] = [
  (bytes, _others, random) => set(bytes, (before) => before ^ (1 << random.below(8)), random),
  (bytes, _others, random) => set(bytes, () => random.pick(OCTETS), random),
  (bytes, _others, random) => set(bytes, () => random.below(256), random),
  // A length that lies is one too many or one too few more often than any other number.
  (bytes, _others, random) => set(bytes, (before) => before + random.pick([-2, -1, 1, 2, 0x7f]), random),
  (bytes, _others, random) => bytes.subarray(0, at(bytes, random)),
  (bytes, _others, random) => {
    const where = at(bytes, random)
    return Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + 1 + random.below(random.pick([2, 16, 256])))])
  },
  (bytes, _others, random) => insert(bytes, at(bytes, random), pieceOf(bytes, random)),
  (bytes, others, random) => insert(bytes, at(bytes, random), pieceOf(random.pick(others), random)),
  (bytes, others, random) => {
    const other = random.pick(others)
    return Buffer.concat([bytes.subarray(0, at(bytes, random)), other.subarray(at(other, random))])
  },
  (bytes, others, random) => random.below(2) === 0
    ? Buffer.concat([bytes, random.pick(others)])
    : Buffer.concat([random.pick(others), bytes]),
  (bytes, _others, random, words) => words.length === 0 ? bytes : insert(bytes, at(bytes, random), random.pick(words)),
  (bytes, _others, random, words) => {
    if (words.length === 0) return bytes
    const [where, word] = [at(bytes, random), random.pick(words)]
    return Buffer.concat([bytes.subarray(0, where), word, bytes.subarray(where + word.length)])
  },
  // Long repetitions show work that grows faster than the input. They are slow, so they are few.
  (bytes, _others, random, words) => {
    if (random.below(4) !== 0) return bytes
    const piece = words.length > 0 && random.below(2) === 0 ? random.pick(words) : pieceOf(bytes, random)
    if (piece.length === 0) return bytes
    return insert(bytes, at(bytes, random), Buffer.alloc(random.pick([64, 1_024, 16_384]), piece))
  }
]
