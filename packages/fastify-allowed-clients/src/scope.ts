import type { AllowedClients, Mode } from './allowed-clients.ts'

/** Rules as they were declared. They are compiled again when groups change. */
export interface Declaration {
  /** Their name in errors, for example `GET /invoices: config.allowedClients`. */
  readonly path: string
  /** Their name in logs and lists, for example `config.allowedClients`. */
  readonly origin: string
  readonly value: AllowedClients
}

/** The rules of an encapsulated plugin. They apply to its routes and to those of the plugins inside it. */
export interface Scope {
  readonly prefix: string
  readonly declaration: Declaration | undefined
  /** Whether a route's own rules replace these. If not, both must allow. */
  readonly overridable: boolean
  readonly mode: Mode | undefined
}

/** The scopes of an app, by Fastify instance. */
export class ScopeTree {
  readonly #scopes = new Map<object, Scope>()

  has (instance: object): boolean { return this.#scopes.has(instance) }

  set (instance: object, scope: Scope): void { this.#scopes.set(instance, scope) }

  values (): Iterable<Scope> { return this.#scopes.values() }

  /** The scopes around an instance, outermost first. Instances inherit from the one they were registered on. */
  around (instance: object): readonly Scope[] {
    const scopes: Scope[] = []
    for (let step: object | null = instance; step !== null; step = Object.getPrototypeOf(step)) {
      const scope = this.#scopes.get(step)
      if (scope !== undefined) scopes.unshift(scope)
    }
    return scopes
  }
}
