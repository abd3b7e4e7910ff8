import { suggestNearest } from '@peerkit/identity/internal'
import { AllowedClientsOptionError } from '../errors.ts'
import { nameRoute } from './route-requirements.ts'
import type { RouteRequirements } from './route-requirements.ts'

const OPTIONAL = /(\/:[^/()]*?)\?(\/?)/

/** The names of the parameters of a pattern, as the router of Fastify reads it; `*` for a wildcard. */
export function listParams (url: string): readonly string[] {
  const pattern = url.replace(OPTIONAL, '$1$2')
  const names: string[] = []
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '*') names.push('*')
    else if (char === '(') at = endOfExpression(pattern, at)
    // Two colons stand for one.
    else if (char === ':' && pattern[at + 1] === ':') at++
    else if (char === ':') {
      const [name = ''] = /^[^(/.-]*/.exec(pattern.slice(at + 1)) ?? []
      names.push(name)
      at += name.length
    }
  }
  return names
}

/** The end of a regular expression in parentheses. */
function endOfExpression (pattern: string, start: number): number {
  let open = 0
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (char === '(') open++
    else if (char === ')' && --open === 0) return at
  }
  return pattern.length
}

/**
 * Refuses rules that take a parameter from the request which the route does not have: they would match nobody.
 *
 * @throws AllowedClientsOptionError naming the route and the place in the rules
 */
export function checkParams ({ site, requirements }: RouteRequirements): void {
  let params: readonly string[] | undefined
  for (const { policy, origin } of requirements) {
    for (const { source, name, path } of policy.requestValues) {
      if (source !== 'param') continue
      params ??= listParams(site.url)
      if (params.includes(name)) continue
      const hint = suggestNearest(name, params)
      const expected = params.length === 0
        ? 'a route with this parameter'
        : `one of ${params.map((one) => JSON.stringify(one)).join(', ')}`
      throw new AllowedClientsOptionError(
        `${nameRoute(site)}: the rules of ${origin} name the parameter ${JSON.stringify(name)} (${path}), which the ` +
          `route does not have; expected ${expected}${hint === '' ? '' : `; ${hint}`}`
      )
    }
  }
}
