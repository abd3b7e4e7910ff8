// A process that writes the first half of a file where it lies and then goes no further: `half-writer.ts PATH`, the text on stdin. Its fate is `kill -9`.
import { openSync, readFileSync, writeSync } from 'node:fs'

const [, , path = ''] = process.argv
const text = readFileSync(0)
// Within the last block, wherever it begins: what is there is never a whole PEM file.
writeSync(openSync(path, 'w'), text.subarray(0, text.lastIndexOf('-----END') - 40))
process.send?.('half')
setInterval(() => {}, 1_000)
