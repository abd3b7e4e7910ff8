import { IssuerError } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'
import type { Role } from './allowed-names.ts'
import { compareRole } from './role-limits.ts'
import type { RoleQuestion } from './role-limits.ts'

/** Which role is read. */
export interface RoleAddress { readonly mount: string, readonly role: string }

interface RoleCall {
  readonly question: RoleQuestion
  /** Calls with our token. */
  readonly read: (path: string) => Promise<Role>
}

/**
 * Says before a request what the role has against it. The policy of the token must allow `read` on the role; without
 * that, nothing is checked. The role is read at first, and again after OpenBao refused a request.
 */
export class RoleCheck {
  readonly #api: VaultApi
  readonly #address: RoleAddress
  readonly #warn: (text: string) => void
  #isDone = false

  constructor (api: VaultApi, address: RoleAddress, warn: (text: string) => void) {
    this.#api = api
    this.#address = address
    this.#warn = warn
  }

  /** @throws IssuerError if the role contradicts the options */
  async check ({ question, read }: RoleCall): Promise<void> {
    if (this.#isDone) return
    const { mount, role: name } = this.#address
    const role = await this.#read(`${mount}/roles/${name}`, read)
    const { problems, notes } = role === undefined ? { problems: [], notes: [] } : compareRole(role, question)
    for (const note of notes) this.#warn(note)
    if (problems.length > 0) {
      const detail = `the role ${name} of ${mount} does not allow this certificate: ${problems.join('; ')}`
      throw new IssuerError('refused', `${this.#api.name}: ${detail}`)
    }
    this.#isDone = true
  }

  /** A request was refused: the role may have changed. */
  forget (): void { this.#isDone = false }

  async #read (path: string, read: RoleCall['read']): Promise<Role | undefined> {
    try {
      return await read(path)
    } catch (error) {
      if (!(error instanceof IssuerError)) throw error
      // Who may not read it, such as a service with the least policy, is told by OpenBao itself.
      if (error.status === 403) return undefined
      if (error.status !== 404) throw error
      const { mount, role } = this.#address
      const detail = `${mount} has no role ${JSON.stringify(role)}; expected one of: bao list ${mount}/roles`
      const options = { status: 404, cause: error }
      throw new IssuerError('refused', `${this.#api.name}: ${detail}`, options)
    }
  }
}
