// What connections cost a server, compared with a bare one, in CPU time of the servers' own processes.
import type { Comparison, Metric } from './benchmark.ts'
import { besideKey } from './beside-key.ts'
import { launch } from './launch.ts'
import type { Launched } from './launch.ts'
import { loadVisits } from './load/visits.ts'
import type { Visitor, Visits } from './load/visits.ts'
import { summarize } from './statistics.ts'
import type { Material } from './world.ts'

/** A server under measurement; the first of several is the bare one. */
export interface Contender {
  readonly key: string
  readonly title: string
  /** One of servers/kinds.ts. */
  readonly kind: string
  readonly options?: object
  /** The bare server again, to show how much two processes of the same server differ. */
  readonly noise?: true
}

/** Which clients connect, and what must happen to them. */
export interface Situation {
  readonly name: string
  readonly material: Material
  /** The clients of one measurement. Called before each, for each server, outside of the measured time. */
  visitors (port: number): readonly Visitor[] | Promise<readonly Visitor[]>
  /** Connect before the measurement, so that V8 compiles the server's code. They must be answered. */
  before (): readonly Visitor[]
  /** What must happen to each. Left out if it may differ. */
  readonly expected?: 'answered' | 'refused' | 'resumed'
  /** Keys of contenders that are left out. */
  readonly without?: readonly string[]
}

/** How CPU time is shown, and how it is compared with the bare server's. */
export interface Unit {
  readonly title: string
  readonly digits: number
  of (visits: number, seconds: number): number
  readonly beside: Beside
}

interface Beside { readonly title: string, readonly digits: number, of (own: number, bare: number): number }

const ofBare: Beside = { title: 'of bare', digits: 3, of: (own, bare) => own / bare }

export const PER_CPU_SECOND: Unit = {
  title: 'connections per CPU second', digits: 0, of: (visits, seconds) => visits / seconds, beside: ofBare
}
export const MICROSECONDS: Unit = {
  title: 'CPU µs', digits: 0, of: (visits, seconds) => seconds / visits * 1e6, beside: ofBare
}
export const MILLISECONDS: Unit = {
  title: 'CPU ms',
  digits: 2,
  of: (visits, seconds) => seconds / visits * 1e3,
  beside: { title: 'more than bare, ms', digits: 2, of: (own, bare) => own - bare }
}

const WARM_UPS = 2
/** Milliseconds in which a server finishes work for which the last client did not wait. */
const SETTLE = 20

interface Plan {
  readonly title: string
  readonly unit: Unit
  readonly contenders: readonly Contender[]
  readonly situations: readonly Situation[]
  readonly rounds: number
  readonly notes?: readonly string[]
}

/** A row for each situation. Each is measured with new processes, so that no situation affects another. */
export async function compareBeside (plan: Plan): Promise<Comparison> {
  const { title, unit, contenders, situations, rounds, notes = [] } = plan
  const rows: Array<Comparison['rows'][number]> = []
  for (const situation of situations) {
    const taking = contenders.filter(({ key }) => situation.without?.includes(key) !== true)
    const { material } = situation
    const start = async ({ kind, options }: Contender): Promise<Launched> => await launch(kind, 'h1', material, options)
    const servers = await Promise.all(taking.map(start))
    try {
      const measured = [...await measureInTurn(taking, servers, situation, unit, rounds)]
      const figures = Object.fromEntries(measured.map(([key, own]) => [key, summarize(own)]))
      rows.push({ name: situation.name, figures })
    } finally {
      for (const server of servers) await server.stop()
    }
  }
  const showAnswered = situations.some(({ expected }) => expected === undefined)
  return { kind: 'comparison', title, metrics: metricsOf(contenders, unit, showAnswered), rows, notes }
}

async function measureInTurn (
  contenders: readonly Contender[], servers: readonly Launched[], situation: Situation, unit: Unit, rounds: number
): Promise<Map<string, number[]>> {
  const figures = new Map<string, number[]>()
  const note = (key: string, figure: number): void => { figures.set(key, [...figures.get(key) ?? [], figure]) }
  for (const server of servers) {
    check('answered', await loadVisits(server.port, situation.before()), 'before measuring')
  }
  for (let round = -WARM_UPS; round < rounds; round += 1) {
    const costs: number[] = []
    for (let turn = 0; turn < servers.length; turn += 1) {
      const index = (turn + round + WARM_UPS) % servers.length
      const { visits, seconds } = await measure(servers[index] as Launched, situation)
      check(situation.expected, visits, `${situation.name}, ${contenders[index]!.title}`)
      costs[index] = unit.of(visits.count, seconds)
      if (round >= 0) note(answeredKey(contenders[index]!.key), 100 * visits.answered / visits.count)
    }
    if (round < 0) continue
    contenders.forEach(({ key }, index) => {
      note(key, costs[index]!)
      if (index > 0) note(besideKey(key), unit.beside.of(costs[index]!, costs[0]!))
    })
  }
  return figures
}

async function measure (server: Launched, situation: Situation): Promise<{ visits: Visits, seconds: number }> {
  const visitors = await situation.visitors(server.port)
  await settle()
  const before = await server.cpuSeconds() ?? NaN
  const visits = await loadVisits(server.port, visitors)
  await settle()
  return { visits, seconds: (await server.cpuSeconds() ?? NaN) - before }
}

async function settle (): Promise<void> { await new Promise((resolve) => { setTimeout(resolve, SETTLE) }) }

function check (expected: Situation['expected'], visits: Visits, where: string): void {
  if (expected === undefined) return
  if (visits[expected] === visits.count && (expected !== 'resumed' || visits.answered === visits.count)) return
  throw new Error(`${where}: not all were ${expected}: ${JSON.stringify(visits)}`)
}

const answeredKey = (key: string): string => `${key}-answered`

/** The share of answered connections is shown if it may differ. */
function metricsOf (contenders: readonly Contender[], unit: Unit, showAnswered: boolean): Metric[] {
  const { beside } = unit
  return contenders.flatMap(({ key, title, noise = false }, index): Metric[] => [
    ...noise ? [] : [{ key, title: `${title}, ${unit.title}`, digits: unit.digits }],
    ...index === 0
      ? []
      : [{ key: besideKey(key), title: `${title}, ${beside.title}`, digits: beside.digits, quartiles: true }],
    ...showAnswered && !noise ? [{ key: answeredKey(key), title: 'answered %' }] : []
  ])
}
