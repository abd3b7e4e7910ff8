// Rules files of many clients, in several shapes.

/** How a rules file states its clients. */
export interface Shape {
  readonly name: string
  readonly extension: 'json' | 'yaml'
  readonly most: number
  /** @param clients their names */
  readonly state: (clients: readonly string[]) => object
}

const SIZES = [1_000, 10_000, 100_000, 1_000_000]

const twoKeys = (clients: readonly string[]): object => ({
  groups: { clients: clients.map((cn) => ({ cn, ou: 'billing' })) }, defaultRules: ['clients']
})

export const shapes: readonly Shape[] = [
  { name: 'one group of two-key rules', extension: 'json', most: 1_000_000, state: twoKeys },
  {
    name: 'a group for each client',
    extension: 'json',
    most: 100_000,
    state: (clients) => ({
      groups: Object.fromEntries(clients.map((cn) => [cn, { cn }])), defaultRules: [clients.at(-1)]
    })
  },
  {
    name: 'one rule, a list of values',
    extension: 'json',
    most: 1_000_000,
    state: (clients) => ({ defaultRules: [{ cn: clients }] })
  },
  { name: 'two-key rules as YAML', extension: 'yaml', most: 10_000, state: twoKeys }
]

export function sizesOf ({ most }: Shape, quick: boolean): readonly number[] {
  return quick ? [1_000] : SIZES.filter((size) => size <= most)
}

/** The client that calls. */
const CALLER = 'client-7'
/** One client in as many is another one in each version of a file. */
const CHANGED = 100

/** The text of a file. Versions differ in one client of a hundred. */
export function writeRules (shape: Shape, size: number, version: number): string {
  const clients = Array.from({ length: size - 1 }, (_, index) => {
    return index % CHANGED === 0 ? `service-${index}-${version}` : `service-${index}`
  })
  const rules = shape.state([...clients, CALLER])
  return shape.extension === 'json' ? JSON.stringify(rules) : writeYaml(rules)
}

function writeYaml (rules: object): string {
  const { groups, defaultRules } = rules as {
    groups: { clients: ReadonlyArray<Record<string, string>> }, defaultRules: readonly string[]
  }
  const lines = groups.clients.map((rule) => {
    return Object.entries(rule).map(([key, value], at) => `    ${at === 0 ? '-' : ' '} ${key}: ${value}`).join('\n')
  })
  return `groups:\n  clients:\n${lines.join('\n')}\ndefaultRules: [${defaultRules.join(', ')}]\n`
}
