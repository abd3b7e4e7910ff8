// What happens to the OCSP responder.
import type { Step } from './connection-commands.ts'
import type { State } from './state.ts'

/** A certificate is revoked, and its responder says so. */
export class RevokeByOcsp implements Step {
  readonly #name: string

  constructor (name: string) { this.#name = name }

  check ({ responder }: State): boolean { return !responder.state.revoked.has(this.#name) }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.changeResponder({ revoked: new Set([...state.responder.state.revoked, this.#name]) })
  }

  toString (): string { return `the responder: ${this.#name} is revoked` }
}

/** The responder fails from now on, or answers again. */
export class ToggleResponder implements Step {
  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.changeResponder({ isDown: !state.responder.state.isDown })
  }

  toString (): string { return 'the responder fails, or answers again' }
}

/** The responder fails for so long that every answer ends. A server must not go on with the last one. */
export class Outage implements Step {
  check ({ responder, trust }: State): boolean {
    return !responder.state.isDown && trust.every(({ time }) => time < 12)
  }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.changeResponder({ isDown: true })
    for (const server of state.ports.keys()) await state.moveClock(server, 0.5)
  }

  toString (): string { return 'the responder fails, and half an hour passes' }
}
