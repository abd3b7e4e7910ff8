// The pictures of the console in its README. `npm run pictures` writes them, with a browser; console-pictures.test.ts looks whether they are there and linked.
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** A page of the console, and what of it is in the picture: its first pixels. */
export interface ConsolePicture { readonly name: string, readonly path: string, readonly width: number, readonly height: number }

export const CONSOLE_PICTURES: readonly ConsolePicture[] = [
  { name: 'overview', path: '/', width: 1280, height: 760 },
  { name: 'log', path: '/log?q=legacy-batch', width: 1280, height: 640 },
  { name: 'calls', path: '/calls', width: 1280, height: 640 },
  { name: 'timeline', path: '/timeline', width: 1280, height: 760 },
  { name: 'expiry', path: '/expiry', width: 1280, height: 640 },
  { name: 'phone', path: '/log', width: 390, height: 760 }
]

export const SCHEMES = ['light', 'dark'] as const

/** Bytes of a picture at most. */
export const MAX_BYTES = 150_000

export function pictureFile ({ name }: ConsolePicture, scheme: 'light' | 'dark'): string {
  return join(root, 'packages/fastify-mtls-console/pictures', `${name}-${scheme}.png`)
}
