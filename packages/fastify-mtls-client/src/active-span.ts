/** Where every copy of `@opentelemetry/api` 1.x keeps what was registered, so that copies find each other. */
const API = Symbol.for('opentelemetry.js.api.1')
/** The key of the active span in a context of `@opentelemetry/api`. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

interface Api { readonly context?: { active? (): { getValue? (key: symbol): unknown } } }

/**
 * Whether OpenTelemetry has an active span here. Its instrumentation of undici then writes `traceparent` by itself, as
 * a child of that span. The package is not imported: an app without it must not need it.
 */
export function hasActiveSpan (): boolean {
  const api = (globalThis as { readonly [API]?: Api })[API]
  return api?.context?.active?.().getValue?.(SPAN) !== undefined
}
