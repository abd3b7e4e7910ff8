import type { FlatRules } from './flatten-entries.ts'
export function listWarnings (_flat: FlatRules): string[] { return [] }
