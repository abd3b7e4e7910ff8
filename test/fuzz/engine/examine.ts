import { inspect } from 'node:util'
import type { Format } from './format.ts'
import { PrototypeGuard, findForeignPrototype } from './prototypes.ts'

/** What came of one input. */
export interface Examined {
  /** The answer, for the counts. */
  readonly label: string
  /** What is wrong; undefined if nothing is. */
  readonly problem: string | undefined
}

type Outcome = { readonly found: unknown } | { readonly error: unknown }

const prototypes = new PrototypeGuard()

/**
 * Reads one input and checks what must hold for all: an error is a documented one, equal inputs give equal results, the
 * input stays as it was, no prototype changes, and what the format checks itself.
 */
export async function examine (format: Format, input: Buffer): Promise<Examined> {
  const given = Buffer.from(input)
  const outcome = await readOnce(format, given)
  const label = 'error' in outcome ? nameError(outcome.error) : format.label?.(outcome.found) ?? 'read'
  const problem = findCommon(format, input, given, outcome) ?? await findOwn(format, outcome, input) ??
    await findDifference(format, outcome, input)
  return { label, problem }
}

async function readOnce (format: Format, input: Buffer): Promise<Outcome> {
  try {
    const found = format.read(input)
    return { found: found instanceof Promise ? await found : found }
  } catch (error) {
    return { error }
  }
}

function findCommon (format: Format, input: Buffer, given: Buffer, outcome: Outcome): string | undefined {
  const pollution = prototypes.findPollution()
  if (pollution !== undefined) return pollution
  if (!given.equals(input)) return 'reading changed the input'
  if ('error' in outcome) {
    return format.isDocumented(outcome.error) ? undefined : `an error that is not documented: ${describe(outcome.error)}`
  }
  return findForeignPrototype(outcome.found)
}

async function findOwn (format: Format, outcome: Outcome, input: Buffer): Promise<string | undefined> {
  if ('error' in outcome || format.check === undefined) return undefined
  try {
    return await format.check(outcome.found, Buffer.from(input))
  } catch (error) {
    return `what was read cannot be used: ${describe(error)}`
  }
}

async function findDifference (format: Format, outcome: Outcome, input: Buffer): Promise<string | undefined> {
  const again = await readOnce(format, Buffer.from(input))
  const [one, other] = [summarize(outcome), summarize(again)]
  return one === other ? undefined : `equal inputs, two results: ${clip(one)} and ${clip(other)}`
}

function summarize (outcome: Outcome): string {
  if ('error' in outcome) return describe(outcome.error)
  return inspect(outcome.found, {
    depth: 12, maxArrayLength: 300, maxStringLength: 2_000, breakLength: Infinity, compact: true
    // The result does not contain where an error was made.
  }).replace(/\n +at [^\n]*/g, '')
}

function nameError (error: unknown): string {
  const { code, reason } = error as { code?: unknown, reason?: unknown }
  if (typeof code !== 'string') return error instanceof Error ? error.name : 'thrown'
  return typeof reason === 'string' ? reason : code
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${inspect(error)}`
  const [, first = ''] = /\n\s+at ([^\n]*)/.exec(error.stack ?? '') ?? []
  return `${error.name} ${nameError(error)}: ${error.message} (${first.replace(/\(?file:.*\/packages\//, '').replace(/\)$/, '')})`
}

function clip (text: string): string { return text.length > 300 ? `${text.slice(0, 300)}…` : text }
