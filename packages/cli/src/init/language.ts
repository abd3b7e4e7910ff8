/** What differs between the two languages that `peerkit init` writes. */
export interface Language {
  readonly name: 'TypeScript' | 'JavaScript'
  readonly extension: 'ts' | 'js'
  /** The text in TypeScript, nothing in JavaScript: a type, or an import of one. */
  typed (text: string): string
}

export const typescript: Language = { name: 'TypeScript', extension: 'ts', typed: (text) => text }
export const javascript: Language = { name: 'JavaScript', extension: 'js', typed: () => '' }
