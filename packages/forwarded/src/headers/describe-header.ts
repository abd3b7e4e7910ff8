const SHAPES: ReadonlyArray<readonly [shape: RegExp, name: string]> = [
  [/^-----BEGIN /, 'PEM'],
  [/^-----BEGIN(?:%20|\+)/i, 'percent-encoded PEM'],
  [/^:[A-Za-z0-9+/=]*:$/, 'a byte sequence'],
  [/^[A-Za-z0-9+/]{64,}={0,2}$/, 'base64'],
  [/^"?(?:subject=)?\/?[A-Za-z.\d]{1,30} ?= ?[^=]/i, 'names']
]

/** What the value of a header looks like, and its length. Never the value: it has names of the client. */
export function describeHeader (value: string): string {
  const name = SHAPES.find(([shape]) => shape.test(value))?.[1] ?? 'another text'
  return `${name} (${value.length} characters)`
}
