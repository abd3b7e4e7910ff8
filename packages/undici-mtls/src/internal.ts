/**
 * Code for the packages of this suite. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { AGENT_OPTIONS } from './agent-options.ts'
export { ORIGIN_OPTIONS } from './origin-options.ts'
