/**
 * Three-valued logic (Kleene). `UNKNOWN` is what a rule says of a field that a partial identity lacks: it is not a match, and
 * neither is its negation, so that `not` never lets through someone of whom we know too little.
 */
export type Truth = 0 | 1 | 2
export const FALSE = 0
export const TRUE = 1
export const UNKNOWN = 2

/** `true` and `false` are swapped, unknown stays unknown. */
export function negate (truth: Truth): Truth {
  return truth === UNKNOWN ? UNKNOWN : truth === TRUE ? FALSE : TRUE
}
