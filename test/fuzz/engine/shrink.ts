/** Inputs that are tried to make a finding smaller. */
const TRIES = 400

/**
 * Takes pieces out of an input while it still shows the same problem.
 *
 * @param isSame whether a smaller input shows it too
 */
export async function shrink (input: Buffer, isSame: (input: Buffer) => Promise<boolean>): Promise<Buffer> {
  let smallest = input
  let tries = 0
  for (let piece = input.length >> 1; piece >= 1 && tries < TRIES; piece >>= 1) {
    for (let at = 0; at < smallest.length && tries < TRIES; tries++) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)])
      if (shorter.length > 0 && await isSame(shorter)) smallest = shorter
      else at += piece
    }
  }
  return smallest
}
