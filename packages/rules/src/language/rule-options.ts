import { defineOptions } from '@peerkit/identity/internal'
import type { OptionProblem, OptionTypes } from '@peerkit/identity/internal'
import { RuleInvalidError } from '../errors.ts'

/**
 * Defines the options of a function.
 *
 * @returns a function that checks them and returns their own properties alone: a polluted Object.prototype must not
 *   declare groups
 */
export function defineRuleOptions<Options extends object> (
  name: string, types: OptionTypes<Options>
): (options: Options) => Options {
  const set = defineOptions<Options>(name, refuseOption, types)
  return (options) => {
    set.check(options)
    return Object.assign(Object.create(null), options)
  }
}

function refuseOption ({ kind, path, found, expected, message }: OptionProblem): Error {
  const reason = kind === 'unknown' ? 'unknown_key' : 'wrong_type'
  // Where the options are no object, `path` says whose they are.
  const at = path.startsWith('options') ? 'options' : `options.${path}`
  return new RuleInvalidError(message, { reason, path: at, found, expected })
}
