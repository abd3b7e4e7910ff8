import type { AllowedClients, Mode } from './allowed-clients.ts'
import { readSymbol } from './fastify-internals.ts'

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

  get (instance: object): Scope | undefined { return this.#scopes.get(instance) }

  instances (): object[] { return [...this.#scopes.keys()] }

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

/** Whether an instance was registered in another one, at any depth. Instances inherit from the one around them. */
export function isInside (instance: object, scope: object): boolean {
  return Object.prototype.isPrototypeOf.call(scope, instance)
}

/** Whether an instance is the app itself. */
export function isRoot (instance: object): boolean {
  return Object.getPrototypeOf(Object.getPrototypeOf(instance)) === null
}

/** A name of functions, of modules or of packages. The name of an arrow function is its text. */
const PLUGIN_NAME = /^[\w$@/.-]{1,80}$/

/** How a scope is called in errors, logs and lists: by its prefix, or by its plugin where it has none. */
export function nameScope (instance: object): string {
  const { prefix, pluginName = '' } = instance as { readonly prefix: string, readonly pluginName?: string }
  if (prefix !== '') return prefix
  if (isRoot(instance)) return '/'
  const name = pluginName.split(' -> ').at(-1) as string
  return PLUGIN_NAME.test(name) ? `of the plugin ${name}` : 'without a prefix'
}

/** Whether an instance has a not-found handler of its own, to which the rules of its scope apply. */
export function answersNotFound (instance: object): boolean {
  return readSymbol(instance, 'fastify.canSetNotFoundHandler') === false
}
