import { readSymbol } from '@peerkit/identity/internal'
import { isRoot } from '../fastify-internals.ts'
import type { Mode } from '../plugin-options.ts'
import type { Declaration } from './declarations.ts'

/** The rules of an encapsulated plugin. They apply to its routes and to those of the plugins inside it. */
export interface Scope {
  readonly prefix: string
  readonly declaration: Declaration | undefined
  /** Whether a route's own rules replace these. If not, both must allow. */
  readonly overridable: boolean
  readonly mode: Mode | undefined
}

/** The scopes of an app, by Fastify instance. */
export class ScopeTree extends Map<object, Scope> {
  /** The scopes around an instance, outermost first. Instances inherit from the one they were registered on. */
  around (instance: object): readonly Scope[] {
    const scopes: Scope[] = []
    for (let step: object | null = instance; step !== null; step = Object.getPrototypeOf(step)) {
      const scope = this.get(step)
      if (scope !== undefined) scopes.unshift(scope)
    }
    return scopes
  }
}

/** Whether an instance was registered in another one, at any depth. Instances inherit from the one around them. */
export function isInside (instance: object, scope: object): boolean {
  return Object.prototype.isPrototypeOf.call(scope, instance)
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
