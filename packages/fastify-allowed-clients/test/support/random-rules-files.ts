import { Random } from '../../../rules/test/naive/random.ts'

type Entry = object | string
type RuleList = Entry[]

interface RulesFile {
  readonly groups: Record<string, RuleList>
  defaultRules: RuleList | string
  readonly routes: Record<string, RuleList | string>
}

const RULES: readonly object[] = [
  { ou: 'a' }, { ou: 'b' }, { ou: 'c' }, { cn: 'x' }, { cn: 'y' }, { cn: 'z' }, { ou: 'a', cn: 'x' }, { o: ['p', 'q'] },
  { ou: 'b', not: { cn: 'z' } }, { ou: 'a', not: [{ cn: 'y' }, { ou: 'c' }] }, { cn: '*' }, { o: 'p*' },
  { ou: 'b', validFrom: '2027-01-01' }, { ou: 'a', validUntil: '2027-02-01' },
  { cn: ['w', 'v'], validFrom: '2027-01-01', validUntil: '2027-02-01' }
]
/** Its verdict is never remembered. */
const ABOUT_REQUEST = { cn: { header: 'x-name' } }

/** Rules files that change a little each time. */
export class RulesFiles {
  readonly random: Random
  #file: RulesFile

  constructor (seed: number) {
    this.random = new Random(seed)
    const groups = Object.fromEntries(['g0', 'g1', 'g2', 'g3'].map((name) => [name, this.#rules()]))
    if (this.random.chance(0.5)) groups['g0']?.push('g3')
    const routes = { 'GET /listed': this.#list(), 'GET /other': this.#list() }
    this.#file = { groups, defaultRules: this.#list(), routes }
  }

  get now (): object { return this.#file }

  /** The next file: a few rules came, went or moved, and now and then more than that. */
  change (): object {
    const { random } = this
    const file = structuredClone(this.#file)
    for (let times = random.below(3); times >= 0; times--) this.#changeOne(file)
    this.#file = random.chance(0.1) ? { ...file, groups: this.#shuffle(file.groups) } : file
    return this.#file
  }

  #changeOne (file: RulesFile): void {
    const { random } = this
    const [name, route] = [random.pick(Object.keys(file.groups)), random.pick(Object.keys(file.routes))]
    switch (random.below(8)) {
      case 0:
        file.groups[`extra${random.below(2)}`] = this.#rules()
        break
      case 1:
        if (name.startsWith('extra')) delete file.groups[name]
        break
      case 2:
        file.routes[route] = random.chance(0.3) ? 'authenticated' : this.#list()
        break
      case 3:
        file.defaultRules = random.chance(0.2) ? 'authenticated' : this.#list()
        break
      case 4:
      case 5:
        this.#edit(file.groups[name] as RuleList, false)
        break
      default: {
        const lists = [file.defaultRules, file.routes[route]].filter((one) => Array.isArray(one))
        if (lists.length > 0) this.#edit(random.pick(lists), true)
      }
    }
  }

  #edit (list: RuleList, withGroups: boolean): void {
    const { random } = this
    const at = random.below(list.length)
    switch (random.below(4)) {
      case 0:
        list.splice(at, 0, this.#entry(withGroups))
        break
      case 1:
        if (list.length > 1) list.splice(at, 1)
        break
      case 2:
        list.push(...list.splice(at, 1))
        break
      default:
        list[at] = this.#entry(withGroups)
    }
  }

  #list (): RuleList { return Array.from({ length: 1 + this.random.below(4) }, () => this.#entry(true)) }

  #rules (): RuleList { return Array.from({ length: 1 + this.random.below(3) }, () => this.#entry(false)) }

  #entry (withGroups: boolean): Entry {
    const { random } = this
    if (withGroups && random.chance(0.4)) return `g${random.below(4)}`
    return structuredClone(random.chance(0.03) ? ABOUT_REQUEST : random.pick(RULES))
  }

  #shuffle (groups: RulesFile['groups']): RulesFile['groups'] {
    const entries = Object.entries(groups)
    return Object.fromEntries(entries.sort(() => this.random.next() - 0.5))
  }
}
