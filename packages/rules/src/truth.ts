/**
 * Three-valued logic (Kleene). `UNKNOWN` is the result for a field that a partial identity lacks. It is not a match,
 * and its negation is not a match either, so that `not` never allows a peer because too little is known.
 */
export type Truth = 0 | 1 | 2
export const FALSE = 0
export const TRUE = 1
export const UNKNOWN = 2

/** `true` and `false` are swapped, unknown stays unknown. */
export function negate (truth: Truth): Truth {
  return truth === UNKNOWN ? UNKNOWN : truth === TRUE ? FALSE : TRUE
}
