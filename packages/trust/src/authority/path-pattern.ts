/**
 * Whether a path that a pattern matches can be `base` or below it. In a pattern, `*` covers one segment, and a final
 * `**` one or more.
 *
 * @param pattern starts with a slash, or is empty
 * @param base starts with a slash, or is empty
 */
export function meetsPath (pattern: string, base: string): boolean {
  const [found, wanted] = [pattern.split('/'), base.split('/')]
  for (const [index, segment] of wanted.entries()) {
    const own = found[index]
    if (own === '**') return true
    if (own !== segment && !(own === '*' && segment !== '')) return false
  }
  return true
}
