import t from 'tap'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyAllowedClientsOptions } from '../../src/index.ts'
import { guardedApp } from './app.ts'
import type { TestApp } from './app.ts'

export const answer = async (): Promise<string> => 'x'
export const directory: string = await mkdtemp(join(tmpdir(), 'peerkit-rules-'))
let count = 0

export async function write (text: string | Uint8Array, extension = 'json'): Promise<string> {
  const file = join(directory, `rules-${++count}.${extension}`)
  await writeFile(file, text)
  return file
}

interface Teardown { teardown (fn: () => unknown): void }

export async function fileApp (t: Teardown, file: string, build: (app: TestApp['app']) => void, options: FastifyAllowedClientsOptions = {}): Promise<TestApp> {
  const made = await guardedApp({ file, watch: false, ...options })
  t.teardown(async () => { await made.app.close() })
  build(made.app)
  await made.app.ready()
  return made
}

/** The next message about a file. */
export function follow (t: Teardown, file: string): EventEmitter {
  const events = new EventEmitter()
  for (const event of ['reloaded', 'refused']) {
    const listener = (message: any): void => { if (message.file === file) events.emit(event, message) }
    subscribe(`peerkit:rules:${event}`, listener)
    t.teardown(() => { unsubscribe(`peerkit:rules:${event}`, listener) })
  }
  return events
}

t.teardown(async () => { await rm(directory, { recursive: true }) })
