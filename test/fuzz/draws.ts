// How long tests that draw by lot go on, and from which seed. `.ci/steps/fuzz` sets both; otherwise every run is the same.
const times = Number(process.env['PEERKIT_FUZZ_TIMES'] ?? 1)
const seed = process.env['PEERKIT_FUZZ_SEED']

/** The usual number of rounds, or as many times more as was asked for. Mutation testing asks for a part of them. */
export function rounds (usual: number): number {
  if (!(times > 0 && times < Infinity)) throw new Error(`PEERKIT_FUZZ_TIMES is ${process.env['PEERKIT_FUZZ_TIMES']}; expected a number above 0`)
  return Math.ceil(usual * times)
}

/** The usual seed, or the one that was asked for. A test says it in its output, so that a finding can be repeated. */
export function seedOf (usual: number): number {
  return seed === undefined ? usual : Number(seed)
}
