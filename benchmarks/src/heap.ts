import { setTimeout as wait } from 'node:timers/promises'

/** What is made, and how much memory the making of it left in use: heap and buffers. Needs --expose-gc. */
export async function measureHeap<T> (make: () => T | Promise<T>): Promise<{ readonly value: T, readonly bytes: number }> {
  const before = await readHeap()
  const value = await make()
  return { value, bytes: Math.max(0, await readHeap() - before) }
}

/** Octets in use after everything that could be collected was. */
export async function readHeap (): Promise<number> {
  const { gc } = globalThis as { gc?: () => void }
  for (let turn = 0; turn < 3; turn += 1) {
    gc?.()
    await wait(5)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
