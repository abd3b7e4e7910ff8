/**
 * Whether a YAML text nests deeper than allowed. The parser of the yaml package calls itself for each level, so a short
 * text could exhaust the stack. What it then answers depends on how much stack was left.
 *
 * The answer is an upper bound: a level that is both indented and in brackets counts twice.
 *
 * @param lexemes those of the `Lexer` of the yaml package
 */
export function isDeepYaml (lexemes: Iterable<string>, most: number): boolean {
  /** The indentations of the lines that are open. */
  const indents: number[] = []
  let brackets = 0
  /** `- - a` and `? ? a` nest within a line, and `a: b: c` does until the parser refuses it. */
  let onLine = 0
  let colons = 0
  let isStart = true
  for (const lexeme of lexemes) {
    if (isStart && lexeme !== '\n') {
      // A byte order mark, or the start of a document, has no width.
      const indent = /^ +$/.test(lexeme) ? lexeme.length : 0
      while (indents.length > 0 && indents.at(-1)! >= indent) indents.pop()
      if (indent > 0) indents.push(indent)
      isStart = false
    }
    switch (lexeme) {
      case '[': case '{': brackets += 1; break
      case ']': case '}': brackets -= 1; break
      case '-': case '?': onLine += 1; break
      case ':': colons += 1; break
      case ',': colons = 0; break
      case '\n':
        onLine = 0
        colons = 0
        isStart = true
    }
    if (indents.length + Math.max(brackets, 0) + onLine + colons > most) return true
  }
  return false
}
