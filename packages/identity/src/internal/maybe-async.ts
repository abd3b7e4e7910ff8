/** A value that is there at once, or is promised. Promises of other realms and libraries count too. */
export type MaybeAsync<Value> = Value | PromiseLike<Value>

/** Whether a value has to be awaited. As with `await`, everything with a method `then` has to be. */
export function isThenable (value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { readonly then?: unknown }).then === 'function'
}

/**
 * Passes a value on, at once if it is there, otherwise when it arrives. The result is a native promise only if
 * something has to be awaited, so that the common case costs no turn of the event loop.
 *
 * @param onValue takes the value
 * @param onError takes what was thrown or rejected, by `onValue` too. Without it, errors are the caller's
 */
export function whenSettled<Value, Result> (
  value: MaybeAsync<Value>, onValue: (value: Value) => MaybeAsync<Result>, onError?: (error: unknown) => Result
): Result | Promise<Result> {
  return onError === undefined ? passOn(value, onValue) : whenAnswered(() => value, onValue, onError)
}

/** As {@link whenSettled}, for a function that may throw before it returns a value or a promise. */
export function whenAnswered<Value, Result> (
  ask: () => MaybeAsync<Value>, onValue: (value: Value) => MaybeAsync<Result>, onError: (error: unknown) => Result
): Result | Promise<Result> {
  try {
    const result = passOn(ask(), onValue)
    return result instanceof Promise ? result.catch(onError) : result
  } catch (error) {
    return onError(error)
  }
}

/** As {@link whenSettled}, for several values that are awaited together. */
export function whenAllSettled<Value, Result> (
  values: ReadonlyArray<MaybeAsync<Value>>, onValues: (values: readonly Value[]) => MaybeAsync<Result>
): Result | Promise<Result> {
  return values.some(isThenable) ? Promise.all(values).then(onValues) : adopt(onValues(values as readonly Value[]))
}

function passOn<Value, Result> (
  value: MaybeAsync<Value>, onValue: (value: Value) => MaybeAsync<Result>
): Result | Promise<Result> {
  return isThenable(value) ? Promise.resolve(value).then(onValue) : adopt(onValue(value))
}

/** What we return is a native promise, or no promise at all. */
function adopt<Value> (value: MaybeAsync<Value>): Value | Promise<Value> {
  return isThenable(value) ? Promise.resolve(value) : value
}
