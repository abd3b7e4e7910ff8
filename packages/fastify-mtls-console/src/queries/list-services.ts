import type { SeenServer } from '../collect/server-book.ts'
import type { ConsoleState } from './console-state.ts'
import { showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** A server that this service calls. */
export interface ShownService extends Omit<SeenServer, 'identity'> {
  /** Undefined if it is not declared. */
  readonly name: string | undefined
  /** The expected server. */
  readonly expects: string | undefined
  /** The last server. */
  readonly server: ShownCertificate | undefined
}

const NEVER: Omit<SeenServer, 'origin'> = {
  identity: undefined,
  identifiedAt: undefined,
  connections: 0,
  refused: 0,
  lastRefusal: undefined
}

/** Declared services, then other origins that were called. */
export function listServices ({ services, collector }: ConsoleState): ShownService[] {
  const seen = collector.servers.list()
  const declared = services.map(({ name, origin, expects }) => {
    return show(name, expects, seen.find((server) => server.origin === origin) ?? { ...NEVER, origin })
  })
  const others = seen.filter(({ origin }) => !services.some((service) => service.origin === origin))
  return [...declared, ...others.map((server) => show(undefined, undefined, server))]
}

function show (name: string | undefined, expects: string | undefined, { identity, ...rest }: SeenServer): ShownService {
  return { name, expects, server: identity === undefined ? undefined : showCertificate(identity), ...rest }
}
