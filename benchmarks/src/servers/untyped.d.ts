// These two packages have no types. Only what is used is declared.
declare module 'express' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  type Handler = (
    request: IncomingMessage, response: ServerResponse & { json (body: unknown): void }, next: (error?: unknown) => void
  ) => void
  interface Express {
    (request: IncomingMessage, response: ServerResponse): void
    use (handler: Handler): void
    get (path: string, handler: Handler): void
  }
  export default function express (): Express
}
declare module 'client-certificate-auth' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { PeerCertificate } from 'node:tls'
  export default function clientCertificateAuth (
    allow: (certificate: PeerCertificate) => boolean
  ): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
}
