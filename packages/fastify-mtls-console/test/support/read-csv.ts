/** The rows of a CSV file as objects. All cells are in quotes. */
export function readCsv (text: string): ReadonlyArray<Readonly<Record<string, string>>> {
  const [head = [], ...rows] = text.replace(/^\ufeff/, '').trimEnd().split('\r\n').map((line) => {
    return [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = '']) => cell.replaceAll('""', '"'))
  })
  return rows.map((cells) => Object.fromEntries(cells.map((cell, index) => [head[index] ?? '', cell])))
}
