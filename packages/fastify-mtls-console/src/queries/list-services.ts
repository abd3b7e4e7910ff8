import type { SeenServer } from '../collect/server-book.ts'
import type { ConsoleState } from './console-state.ts'
import { showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** A service that this one calls. */
export interface ShownService extends Omit<SeenServer, 'identity'> {
  /** Undefined where it was only seen. */
  readonly name: string | undefined
  /** Who must answer. */
  readonly expects: string | undefined
  /** Who answered last. */
  readonly server: ShownCertificate | undefined
}

const NEVER: Omit<SeenServer, 'origin'> = { identity: undefined, identifiedAt: undefined, connections: 0, refused: 0, lastRefusal: undefined }

/** Declared services, then origins that were called without being declared. */
export function listServices ({ services, collector }: ConsoleState): ShownService[] {
  const seen = collector.servers.list()
  const declared = services.map(({ name, origin, expects }) => show(name, expects, seen.find((server) => server.origin === origin) ?? { ...NEVER, origin }))
  const others = seen.filter(({ origin }) => !services.some((service) => service.origin === origin)).map((server) => show(undefined, undefined, server))
  return [...declared, ...others]
}

function show (name: string | undefined, expects: string | undefined, { identity, ...rest }: SeenServer): ShownService {
  return { name, expects, server: identity === undefined ? undefined : showCertificate(identity), ...rest }
}
