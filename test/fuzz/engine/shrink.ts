/** Inputs that are tried to make a finding smaller, and their octets in all: a slow input is tried less often. */
const TRIES = 400
const OCTETS = 1 << 20

/**
 * Takes pieces out of an input while it still shows the same problem.
 *
 * @param isSame whether a smaller input shows it too
 */
export async function shrink (input: Buffer, isSame: (input: Buffer) => Promise<boolean>): Promise<Buffer> {
  let smallest = input
  let tries = 0
  let octets = 0
  const mayTry = (): boolean => tries < TRIES && octets < OCTETS
  for (let piece = input.length >> 1; piece >= 1 && mayTry(); piece >>= 1) {
    for (let at = 0; at < smallest.length && mayTry(); tries++) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)])
      octets += shorter.length
      if (shorter.length > 0 && await isSame(shorter)) smallest = shorter
      else at += piece
    }
  }
  return smallest
}
