import type { AllowedClients, Mode } from './allowed-clients.ts'

/** Rules as they were declared, to be compiled again when groups change. */
export interface Declaration {
  /** How errors call them, for example `GET /invoices: config.allowedClients`. */
  readonly path: string
  /** How logs and lists call them, for example `config.allowedClients`. */
  readonly origin: string
  readonly value: AllowedClients
}

/** Rules of an encapsulated plugin, which hold for its routes and for those of the plugins inside it. */
export interface Scope {
  readonly prefix: string
  readonly declaration: Declaration | undefined
  /** Whether a route's own rules replace these, instead of narrowing them. */
  readonly overridable: boolean
  readonly mode: Mode | undefined
}

/** The scopes of an app, by the Fastify instance they were declared on. */
export class ScopeTree {
  readonly #scopes = new Map<object, Scope>()

  has (instance: object): boolean { return this.#scopes.has(instance) }

  set (instance: object, scope: Scope): void { this.#scopes.set(instance, scope) }

  values (): Iterable<Scope> { return this.#scopes.values() }

  /** The scopes around an instance, outermost first: instances inherit from the one they were registered on. */
  around (instance: object): readonly Scope[] {
    const scopes: Scope[] = []
    for (let step: object | null = instance; step !== null; step = Object.getPrototypeOf(step)) {
      const scope = this.#scopes.get(step)
      if (scope !== undefined) scopes.unshift(scope)
    }
    return scopes
  }
}
