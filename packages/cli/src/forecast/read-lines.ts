import { createReadStream } from 'node:fs'

const LINE_END = 0x0a

/**
 * The lines of a file, one by one and in bounded memory. Empty lines are passed over.
 *
 * @param most octets of a line; of a longer one `undefined` is given, since it may be as long as the file
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
