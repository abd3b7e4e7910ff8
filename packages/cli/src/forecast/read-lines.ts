import { createReadStream } from 'node:fs'

const LINE_END = 0x0a

/**
 * Reads the lines of a file in bounded memory. Empty lines are skipped.
 *
 * @param most the longest line in bytes; a longer one is returned as `undefined`
 */
export async function * readLines (path: string, most: number): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = []
  let length = 0
  const take = (): string | undefined => {
    const line = length > most ? undefined : Buffer.concat(parts).toString('utf8').trim()
    parts = []
    length = 0
    return line
  }
  const keep = (part: Buffer): void => {
    length += part.length
    if (length > most) parts = []
    else parts.push(part)
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      keep(chunk.subarray(from, end))
      from = end + 1
      const line = take()
      if (line !== '') yield line
    }
    keep(chunk.subarray(from))
  }
  const line = take()
  if (line !== '') yield line
}
