// The goals, and whether the saved figures reach them. The answers are computed from the figures.
import type { Comparison, Figure, Result, Series } from '../benchmark.ts'
import { besideKey } from '../beside-key.ts'

interface Goal {
  readonly goal: string
  readonly from: string
  /** Undefined where it was not measured. */
  evaluate (result: Result): { readonly measured: string, readonly met: boolean } | undefined
}

const OURS = 'with fastify-mtls and fastify-allowed-clients'
const LIMIT = 0.97

const goals: readonly Goal[] = [
  ...['HTTP/1.1', 'HTTP/2'].flatMap((protocol): Goal[] => [
    {
      goal: `${protocol}, keep-alive: at least ${LIMIT} of bare Fastify, by CPU time`,
      from: 'keep-alive',
      evaluate (result) {
        const ours = figuresOf(result, protocol, OURS)
        const noise = figuresOf(result, protocol, 'the same, another process (noise)')
        if (ours === undefined) return undefined
        const shown = (of: typeof ours | undefined): string =>
          `${ratio(of?.['rate'])} by requests/s, ${ratio(of?.['perCpuSecond'])} by CPU`
        return {
          measured: `${shown(ours)} (bare compared with bare: ${shown(noise)})`,
          met: (ours['perCpuSecond']?.ratio ?? 0) >= LIMIT
        }
      }
    },
    {
      goal: `${protocol}, keep-alive: faster than every other way to check certificates`,
      from: 'keep-alive',
      evaluate: (result) => isAhead(result, protocol, OURS, 'rate', (name) => /getPeerCertificate|Express/.test(name))
    }
  ]),
  {
    goal: 'more requests per CPU second than each gateway in front of plain Fastify',
    from: 'gateways',
    evaluate: (result) => isAhead(result, 'In front', 'Fastify with both our plugins', 'perCpuSecond', () => true)
  },
  besideBare('connections', 'full handshake, seen before', 'new connections of a client seen before', 0.95),
  besideBare('connections', 'full handshake, never seen', 'new connections of clients never seen', 0.88),
  besideBare('connections', 'resumed', 'resumed connections', 0.95),
  {
    goal: 'refusing a stranger: at most 1.3 times the CPU time of Node alone, whatever the stranger sends',
    from: 'strangers',
    evaluate: (result) => isWorstBelow(rowsOf(result, 'Refusing'), 1.3, (figure) => `×${figure.toFixed(2)}`)
  },
  {
    goal: 'a client with a valid certificate adds at most 10 ms of CPU time to a handshake, whatever it sends',
    from: 'insiders',
    evaluate: (result) => isWorstBelow(rowsOf(result, 'insider'), 10, (figure) => `${figure.toFixed(2)} ms`)
  },
  ...['without a chain', 'its intermediate known', 'its intermediate never seen'].map((title): Goal => ({
    goal: `first request of a forwarded client, ${title}: at most 1.2 times the minimum`,
    from: 'forwarded-first',
    evaluate (result) {
      const rows = (comparison(result, title)?.rows ?? []).slice(1).filter(({ name }) => !name.startsWith('the same'))
      const ratios = rows.map(({ name, figures }) => ({ name, ratio: figures['us']?.ratio ?? NaN }))
      if (ratios.length === 0) return undefined
      const measured = ratios.map((row) => `×${row.ratio.toFixed(2)} ${row.name}`).join('; ')
      return { measured, met: ratios.every((row) => row.ratio <= 1.2) }
    }
  })),
  {
    goal: 'rotations and new CRLs under load lose no request',
    from: 'rotation',
    evaluate (result) {
      const lost = sumOf(comparison(result, 'Under load'), 'lost')
      const answered = sumOf(comparison(result, 'Under load'), 'answered')
      return {
        measured: `${lost.toLocaleString('en')} lost of ${(lost + answered).toLocaleString('en')}`, met: lost === 0
      }
    }
  },
  {
    goal: 'the next handshake shows a new certificate, and the next request notices a revocation',
    from: 'rotation',
    evaluate (result) {
      const missed = sumOf(comparison(result, 'Taking effect'), 'missed')
      return {
        measured: `${missed} of ${sumOf(comparison(result, 'Taking effect'), 'times')} changes were noticed later`,
        met: missed === 0
      }
    }
  },
  {
    goal: 'from a push of the Workload API to the first handshake: a median below 20 ms, the longest below 100 ms',
    from: 'spiffe',
    evaluate (result) {
      const rows = comparison(result, 'From a push')?.rows ?? []
      const of = ({ figures }: Comparison['rows'][number]): [number, number] =>
        [figures['seen']?.median ?? NaN, figures['worst']?.median ?? NaN]
      return {
        measured: rows.map((row) => `${of(row).map((time) => time.toFixed(1)).join(', ')} ms, ${row.name}`).join('; '),
        met: rows.every((row) => of(row)[0] < 20 && of(row)[1] < 100)
      }
    }
  },
  {
    goal: '200 federated trust domains: no turn of the event loop over 20 ms of CPU time, less than 20 MiB',
    from: 'spiffe',
    evaluate (result) {
      const rows = comparison(result, 'federated')?.rows ?? []
      const most = (key: string): number => Math.max(...rows.map(({ figures }) => figures[key]?.median ?? NaN))
      return {
        measured: `${most('turn').toFixed(1)} ms, ${most('heap').toFixed(1)} MiB`,
        met: most('turn') <= 20 && most('heap') < 20
      }
    }
  },
  flat('scale-clients', 'remembered', 'later verdicts cost the same for every size of the rule set'),
  flat('scale-routes', 'verdicts', 'verdicts cost the same for every number of routes'),
  flat('crl', 'answers', 'the answer of a CRL takes the same time for every length', 5)
]

/** As a table. */
export function formatGoals (read: (name: string) => Result | undefined): string {
  const rows = goals.map(({ goal, from, evaluate }) => {
    const result = read(from)
    const reached = result === undefined ? undefined : evaluate(result)
    return reached === undefined
      ? `| ${goal} | not measured | |`
      : `| ${goal} | ${reached.measured} | ${reached.met ? 'yes' : '**no**'} |`
  })
  return ['| goal | measured | reached |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

/**
 * Whether a line is flat. The processor's cache may make the largest size a few times slower. A cost that grows with
 * the size would be thousands of times higher.
 */
function flat (from: string, id: string, goal: string, most = 3): Goal {
  return {
    goal: `${goal}: at most ${most} times from the smallest to the largest`,
    from,
    evaluate (result) {
      const series = result.sections.find((section): section is Series => {
        return section.kind === 'series' && section.id === id
      })
      const lines = series?.lines ?? []
      const growths = lines.map(({ name, points }) => ({
        name,
        growth: (points.at(-1)?.median ?? NaN) / (points[0]?.median ?? NaN),
        times: (points.at(-1)?.size ?? NaN) / (points[0]?.size ?? NaN)
      }))
      if (growths.length === 0) return undefined
      const shown = growths.map(({ name, growth, times }) => {
        return `${name}: ×${growth.toFixed(1)} for ×${times.toLocaleString('en')}`
      })
      return { measured: shown.join('; '), met: growths.every(({ growth }) => growth <= most) }
    }
  }
}

/** Connections per CPU second compared with bare Fastify, in each situation whose name begins with `beginning`. */
function besideBare (from: string, beginning: string, what: string, least: number): Goal {
  return {
    goal: `${what}: at least ${least} of bare Fastify, by CPU time`,
    from,
    evaluate (result) {
      const rows = rowsOf(result, 'New connections').filter(({ name }) => name.startsWith(beginning))
      const of = (key: string): number[] => rows.map(({ figures }) => figures[besideKey(key)]?.median ?? NaN)
      if (rows.length === 0) return undefined
      const shown = (key: string): string => of(key).map((figure) => figure.toFixed(3)).join(', ')
      const measured = `${shown('ours')} (bare compared with bare: ${shown('again')})`
      return { measured, met: of('ours').every((figure) => figure >= least) }
    }
  }
}

/** The largest figure of all rows, compared with the bare server's. It must not exceed the limit. */
function isWorstBelow (
  rows: Comparison['rows'], most: number, show: (figure: number) => string
): { measured: string, met: boolean } | undefined {
  const figures = rows.map((row) => ({ name: row.name, figure: row.figures[besideKey('ours')]?.median ?? NaN }))
  if (figures.length === 0) return undefined
  const worst = figures.reduce((one, other) => other.figure > one.figure || Number.isNaN(other.figure) ? other : one)
  const met = figures.every(({ figure }) => figure <= most)
  return { measured: `at worst ${show(worst.figure)}: ${worst.name}`, met }
}

function isAhead (
  result: Result, title: string, ours: string, key: string, counts: (name: string) => boolean
): { measured: string, met: boolean } | undefined {
  const rows = comparison(result, title)?.rows ?? []
  const own = rows.find(({ name }) => name === ours)?.figures[key]?.median
  const others = rows.filter(({ name, figures }) => name !== ours && counts(name) && figures[key] !== undefined)
  if (own === undefined || others.length === 0) return undefined
  const shown = others.map(({ name, figures }) => {
    return `×${(own / (figures[key]?.median ?? NaN)).toFixed(2)} of ${name.replace(/ \(.*/, '')}`
  })
  return { measured: shown.join('; '), met: others.every(({ figures }) => own > (figures[key]?.median ?? Infinity)) }
}

function comparison ({ sections }: Result, title: string): Comparison | undefined {
  return sections.find((section): section is Comparison => {
    return section.kind === 'comparison' && section.title.includes(title)
  })
}

function rowsOf (result: Result, title: string): Comparison['rows'] { return comparison(result, title)?.rows ?? [] }

function figuresOf (result: Result, title: string, row: string): Readonly<Record<string, Figure>> | undefined {
  return comparison(result, title)?.rows.find(({ name }) => name === row)?.figures
}

function sumOf (of: Comparison | undefined, key: string): number {
  return (of?.rows ?? []).reduce((sum, { figures }) => sum + (figures[key]?.median ?? NaN), 0)
}

function ratio (figure: Figure | undefined): string {
  return figure?.ratio === undefined ? '–' : `${figure.ratio.toFixed(3)} ±${(figure.spread * 100).toFixed(1)} %`
}
