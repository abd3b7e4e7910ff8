import type { FlatRules } from './flatten-entries.ts'
export function describeRules (_flat: FlatRules): string { return '' }
