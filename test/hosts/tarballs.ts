import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packAll } from '../packed/pack.ts'

/** The packed packages: those of run.ts, or packed here where a test file is run by itself. */
export async function findTarballs (): Promise<readonly string[]> {
  const packed = process.env['PEERKIT_TARBALLS']
  if (packed !== undefined) return readdirSync(packed).map((name) => join(packed, name))
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-tarballs-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  return await packAll(folder)
}
