/** The most texts that are remembered, so that each is told once. */
const MOST = 100

/** Makes the function that tells of warnings: the option `onWarning`, or a process warning once for each text. */
export function makeWarn (name: string, onWarning: ((warning: string) => void) | undefined): (text: string) => void {
  if (onWarning !== undefined) return onWarning
  const told = new Set<string>()
  return (text) => {
    if (told.has(text) || told.size >= MOST) return
    told.add(text)
    process.emitWarning(`${name}: ${text}`, { type: 'PeerkitWarning', code: 'MTLS_WARN_VAULT' })
  }
}
