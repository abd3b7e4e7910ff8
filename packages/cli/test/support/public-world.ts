import { roots } from '@peerkit/test-support/public-cas'
import { readArguments } from '../../src/command.ts'
import { forecastBy } from '../../src/forecast/forecast.ts'
import type { Run } from './peerkit.ts'

export * from '@peerkit/test-support/public-cas'

/** Runs `peerkit forecast`, with the public roots of these tests. */
export async function forecast (...args: readonly string[]): Promise<Run> {
  const command = forecastBy(() => roots)
  let out = ''
  try {
    const { values, operands } = readArguments(command, args)
    const code = await command.run(values, (text) => { out += text }, operands)
    return { code, out, err: '' }
  } catch (error) {
    return { code: null, out, err: (error as Error).message }
  }
}
