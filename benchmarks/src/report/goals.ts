// What was to be reached, and whether the saved figures reach it: worked out from them, so that nobody has to be believed.
import type { Comparison, Figure, Result, Series } from '../benchmark.ts'
import { besideKey } from '../beside-key.ts'

interface Goal {
  readonly goal: string
  readonly from: string
  /** Undefined where it was not measured. */
  judge (result: Result): { readonly measured: string, readonly met: boolean } | undefined
}

const OURS = 'with fastify-mtls and fastify-allowed-clients'
const LIMIT = 0.97

const goals: readonly Goal[] = [
  ...['HTTP/1.1', 'HTTP/2'].flatMap((protocol): Goal[] => [
    {
      goal: `${protocol}, kept alive: at least ${LIMIT} of bare Fastify, by CPU`,
      from: 'keep-alive',
      judge (result) {
        const ours = figuresOf(result, protocol, OURS)
        const noise = figuresOf(result, protocol, 'the same, another process (noise)')
        if (ours === undefined) return undefined
        const told = (of: typeof ours | undefined): string => `${ratio(of?.['rate'])} by requests/s, ${ratio(of?.['perCpuSecond'])} by CPU`
        return { measured: `${told(ours)} (bare beside bare: ${told(noise)})`, met: (ours['perCpuSecond']?.ratio ?? 0) >= LIMIT }
      }
    },
    {
      goal: `${protocol}, kept alive: ahead of every other way to check`,
      from: 'keep-alive',
      judge: (result) => judgeAhead(result, protocol, OURS, 'rate', (name) => /getPeerCertificate|Express/.test(name))
    }
  ]),
  {
    goal: 'more requests per CPU second than each gateway in front of plain Fastify',
    from: 'gateways',
    judge: (result) => judgeAhead(result, 'In front', 'Fastify with both our plugins', 'perCpuSecond', () => true)
  },
  besideBare('connections', 'full handshake, seen before', 'new connections of a client seen before', 0.95),
  besideBare('connections', 'full handshake, never seen', 'new connections of clients never seen', 0.88),
  besideBare('connections', 'resumed', 'resumed connections', 0.95),
  {
    goal: 'refusing a stranger: at most 1.3 times the CPU that Node alone spends on it, whatever is sent',
    from: 'strangers',
    judge: (result) => judgeWorst(rowsOf(result, 'Refusing'), 1.3, (figure) => `×${figure.toFixed(2)}`)
  },
  {
    goal: 'no client with a valid certificate adds more than 10 ms of CPU to a handshake, whatever is sent along',
    from: 'insiders',
    judge: (result) => judgeWorst(rowsOf(result, 'insider'), 10, (figure) => `${figure.toFixed(2)} ms`)
  },
  ...['without a chain', 'its intermediate known', 'its intermediate never seen'].map((title): Goal => ({
    goal: `first request of a forwarded client, ${title}: at most 1.2 times the least that it takes`,
    from: 'forwarded-first',
    judge (result) {
      const rows = (comparison(result, title)?.rows ?? []).slice(1).filter(({ name }) => !name.startsWith('the same'))
      const ratios = rows.map(({ name, figures }) => ({ name, ratio: figures['us']?.ratio ?? NaN }))
      if (ratios.length === 0) return undefined
      const measured = ratios.map((row) => `×${row.ratio.toFixed(2)} ${row.name}`).join('; ')
      return { measured, met: ratios.every((row) => row.ratio <= 1.2) }
    }
  })),
  {
    goal: 'no request lost by rotation or revocation lists under load',
    from: 'rotation',
    judge (result) {
      const lost = sumOf(comparison(result, 'Under load'), 'lost')
      const answered = sumOf(comparison(result, 'Under load'), 'answered')
      return { measured: `${lost.toLocaleString('en')} lost of ${(lost + answered).toLocaleString('en')}`, met: lost === 0 }
    }
  },
  {
    goal: 'a new certificate and a revocation are met by the very next handshake and request',
    from: 'rotation',
    judge (result) {
      const missed = sumOf(comparison(result, 'Taking effect'), 'missed')
      return { measured: `${missed} of ${sumOf(comparison(result, 'Taking effect'), 'times')} changes were not`, met: missed === 0 }
    }
  },
  flat('scale-clients', 'remembered', 'later verdicts cost the same whatever the rule set'),
  flat('scale-routes', 'verdicts', 'verdicts cost the same whatever the number of routes'),
  flat('crl', 'answers', 'a CRL answers as fast whatever its length', 5)
]

/** As a table. */
export function formatGoals (read: (name: string) => Result | undefined): string {
  const rows = goals.map(({ goal, from, judge }) => {
    const result = read(from)
    const judged = result === undefined ? undefined : judge(result)
    return judged === undefined ? `| ${goal} | not measured | |` : `| ${goal} | ${judged.measured} | ${judged.met ? 'yes' : '**no**'} |`
  })
  return ['| goal | measured | reached |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

/** Flat where it should be flat: the processor's cache may make the largest slower, growth with the size would make it thousands of times so. */
function flat (from: string, id: string, goal: string, most = 3): Goal {
  return {
    goal: `${goal}: at most ${most} times from the smallest to the largest`,
    from,
    judge (result) {
      const lines = result.sections.find((section): section is Series => section.kind === 'series' && section.id === id)?.lines ?? []
      const growths = lines.map(({ name, points }) => ({ name, growth: (points.at(-1)?.median ?? NaN) / (points[0]?.median ?? NaN), times: (points.at(-1)?.size ?? NaN) / (points[0]?.size ?? NaN) }))
      if (growths.length === 0) return undefined
      const told = growths.map(({ name, growth, times }) => `${name}: ×${growth.toFixed(1)} for ×${times.toLocaleString('en')}`)
      return { measured: told.join('; '), met: growths.every(({ growth }) => growth <= most) }
    }
  }
}

/** Connections per CPU second beside bare Fastify, in each of the situations whose name begins so. */
function besideBare (from: string, beginning: string, what: string, least: number): Goal {
  return {
    goal: `${what}: at least ${least} of bare Fastify, by CPU`,
    from,
    judge (result) {
      const rows = rowsOf(result, 'New connections').filter(({ name }) => name.startsWith(beginning))
      const of = (key: string): number[] => rows.map(({ figures }) => figures[besideKey(key)]?.median ?? NaN)
      if (rows.length === 0) return undefined
      const told = (key: string): string => of(key).map((figure) => figure.toFixed(3)).join(', ')
      const measured = `${told('ours')} (bare beside bare: ${told('again')})`
      return { measured, met: of('ours').every((figure) => figure >= least) }
    }
  }
}

/** The largest figure beside the bare server's of all rows, which has to stay below the limit. */
function judgeWorst (
  rows: Comparison['rows'], most: number, tell: (figure: number) => string
): { measured: string, met: boolean } | undefined {
  const figures = rows.map((row) => ({ name: row.name, figure: row.figures[besideKey('ours')]?.median ?? NaN }))
  if (figures.length === 0) return undefined
  const worst = figures.reduce((one, other) => other.figure > one.figure || Number.isNaN(other.figure) ? other : one)
  const met = figures.every(({ figure }) => figure <= most)
  return { measured: `at worst ${tell(worst.figure)}: ${worst.name}`, met }
}

function judgeAhead (result: Result, title: string, ours: string, key: string, counts: (name: string) => boolean): { measured: string, met: boolean } | undefined {
  const rows = comparison(result, title)?.rows ?? []
  const own = rows.find(({ name }) => name === ours)?.figures[key]?.median
  const others = rows.filter(({ name, figures }) => name !== ours && counts(name) && figures[key] !== undefined)
  if (own === undefined || others.length === 0) return undefined
  const told = others.map(({ name, figures }) => `×${(own / (figures[key]?.median ?? NaN)).toFixed(2)} of ${name.replace(/ \(.*/, '')}`)
  return { measured: told.join('; '), met: others.every(({ figures }) => own > (figures[key]?.median ?? Infinity)) }
}

function comparison ({ sections }: Result, title: string): Comparison | undefined {
  return sections.find((section): section is Comparison => section.kind === 'comparison' && section.title.includes(title))
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
