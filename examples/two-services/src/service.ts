/** A service that listens. */
export interface Service { readonly origin: string, close (): Promise<void> }

export interface ServiceOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /** As Fastify's own option. Default true; the demonstration turns it off, since it sends thousands of requests. */
  readonly logger?: boolean
}
