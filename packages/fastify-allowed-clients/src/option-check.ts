import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import type { Mode } from './guarded-route.ts'

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION naming an option that is not known, and those there are */
export function checkKeys (options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} knows no "${key}"; expected ${known.join(', ')}`)
  }
}

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkMode (mode: unknown, where: string): asserts mode is Mode | undefined {
  if (mode !== undefined && mode !== 'enforce' && mode !== 'report') throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} is ${JSON.stringify(mode)}; expected "enforce" or "report"`)
}
