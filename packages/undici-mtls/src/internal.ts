/**
 * Code for the packages of this suite. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { AGENT_OPTIONS, ORIGIN_OPTIONS } from './agent-options.ts'
export { mapErrors } from './dispatch/compose.ts'
