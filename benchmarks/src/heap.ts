import { setTimeout as wait } from 'node:timers/promises'

/** Makes a value, and measures how much memory (heap and buffers) it keeps in use. Needs --expose-gc. */
export async function measureHeap<T> (
  make: () => T | Promise<T>
): Promise<{ readonly value: T, readonly bytes: number }> {
  const before = await readHeap()
  const value = await make()
  return { value, bytes: Math.max(0, await readHeap() - before) }
}

/** Octets in use after garbage collection. */
export async function readHeap (): Promise<number> {
  const { gc } = globalThis as { gc?: () => void }
  for (let turn = 0; turn < 3; turn += 1) {
    gc?.()
    await wait(5)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
