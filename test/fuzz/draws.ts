// How long tests that draw by lot go on, and from which seed. `.ci/steps/fuzz` sets both; otherwise every run is the same.
const times = Number(process.env['PEERKIT_FUZZ_TIMES'] ?? 1)
const seed = process.env['PEERKIT_FUZZ_SEED']

/** The usual number of rounds, or as many times more as was asked for. */
export function rounds (usual: number): number {
  if (!Number.isSafeInteger(times) || times < 1) throw new Error(`PEERKIT_FUZZ_TIMES is a whole number from 1, and not ${process.env['PEERKIT_FUZZ_TIMES']}`)
  return usual * times
}

/** The usual seed, or the one that was asked for. A test says it in its output, so that a finding can be repeated. */
export function seedOf (usual: number): number {
  return seed === undefined ? usual : Number(seed)
}
