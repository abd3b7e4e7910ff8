export interface Fence {
  /** What follows the three backticks, e.g. `ts run`. */
  readonly info: string
  /** Line of the first line of code, counted from 1. */
  readonly line: number
  readonly code: string
}

/** The fenced code blocks of a Markdown text. */
export function readFences (text: string): Fence[] {
  return [...text.matchAll(/^```([^\n`]*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: info = '', 2: code = '' }) => ({
    info: info.trim(),
    line: text.slice(0, index).split('\n').length + 1,
    code
  }))
}
