import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { CONSOLE_PICTURES, MAX_BYTES, SCHEMES, pictureFile } from './console-pictures.ts'

const readme = readFileSync(join(root, 'packages/fastify-mtls-console/README.md'), 'utf8')
const all = CONSOLE_PICTURES.flatMap((picture) => SCHEMES.map((scheme) => ({ picture, scheme, file: pictureFile(picture, scheme) })))

test('every picture of the console is there, small, of its size, and in the README', async (t) => {
  for (const { picture: { width, height }, scheme, file } of all) {
    const png = readFileSync(file)
    t.equal(png.toString('latin1', 1, 4), 'PNG', file)
    t.strictSame([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height], file)
    t.ok(png.length > 5_000 && png.length < MAX_BYTES, `${file}: ${png.length} bytes`)
    t.match(readme, scheme === 'light' ? `src="./pictures/${basename(file)}" alt="` : `<source media="(prefers-color-scheme: dark)" srcset="./pictures/${basename(file)}">`)
  }
})

test('no other picture lies about, and the two of a page are not the same', async (t) => {
  const [{ file }] = all as [typeof all[number]]
  t.strictSame(readdirSync(dirname(file)).sort(), all.map((one) => basename(one.file)).sort())
  for (const picture of CONSOLE_PICTURES) t.notOk(readFileSync(pictureFile(picture, 'light')).equals(readFileSync(pictureFile(picture, 'dark'))), picture.name)
})
