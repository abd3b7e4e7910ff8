/**
 * A list of names as one text. A list of 100,000 strings takes milliseconds to pass to another thread, a text none.
 */
export type PackedNames = string

export function packNames (names: readonly string[]): PackedNames { return JSON.stringify(names) }

export function readNames (packed: PackedNames): readonly string[] { return JSON.parse(packed) as readonly string[] }
