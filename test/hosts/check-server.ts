import type { Test } from 'tap'
import { ask } from './ask.ts'
import type { HostedServer, HostProject } from './host-project.ts'

export interface Expectations {
  /** A route that OU billing alone may call, and that greets its caller. Default `/invoices`. */
  readonly path?: string
  /** A route that nothing was said about. */
  readonly unruled?: string
}

/** What every server of docs/hosts.md does: billing is greeted, others get 403, and who has no certificate gets no HTTP. */
export async function checkServer (t: Test, { ca, alice, mallory }: HostProject, { port }: HostedServer, { path = '/invoices', unruled }: Expectations = {}): Promise<void> {
  t.equal(await ask({ port, ca, client: alice, path }), '200 {"hello":"alice"}')
  t.match(await ask({ port, ca, client: mallory, path }), /^403 .*This client is not allowed here/)
  t.equal(await ask({ port, ca, path }), 'refused', 'no certificate')
  t.match(await ask({ port, ca, client: alice, path: '/no-such-route' }), /^403 /)
  if (unruled !== undefined) t.match(await ask({ port, ca, client: alice, path: unruled }), /^403 /)
}
