import { Agent, request } from 'node:https'
import type { IssuedCertificate } from '@peerkit/dev-ca'

/** What the service answered, or `refused` with the error. */
export type Answer =
  | { readonly worker: number, readonly resumed: boolean, readonly name: string }
  | { readonly refused: string }

/** Calls the service, with a new connection for each call. The agent offers the last session each time. */
export class Caller {
  readonly #agent: Agent
  readonly #port: number

  constructor ({ cert, key }: IssuedCertificate, ca: string, port: number) {
    this.#agent = new Agent({ cert, key, ca, keepAlive: false })
    this.#port = port
  }

  async call (): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const asked = request({ host: '127.0.0.1', port: this.#port, agent: this.#agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => { text += part })
      response.on('error', (error) => { resolve({ refused: error.message }) })
      response.on('end', () => {
        resolve(response.statusCode === 200 ? JSON.parse(text) as Answer : { refused: String(response.statusCode) })
      })
    })
    asked.on('error', (error) => { resolve({ refused: error.message }) })
    asked.end()
    return await promise
  }

  /**
   * Calls, and repeats the call where the connection was closed before there was an answer, as clients do with requests
   * that may be repeated. Returns how often.
   *
   * @throws Error if there was no answer after so many repeats
   */
  async callWithRepeats (most: number): Promise<number> {
    for (let repeats = 0; ; repeats++) {
      const answer = await this.call()
      if ('worker' in answer) return repeats
      if (repeats === most) throw new Error(`a call was lost, and ${most} repeats of it: ${answer.refused}`)
    }
  }

  /**
   * Calls until an answer, and the one before it, are as wanted.
   *
   * @throws Error after more calls than chance explains
   */
  async callUntil (what: string, isWanted: (answer: Answer, before: Answer | undefined) => boolean): Promise<Answer> {
    let before: Answer | undefined
    for (let count = 0; count < 100; count++) {
      const answer = await this.call()
      if (isWanted(answer, before)) return answer
      before = answer
    }
    throw new Error(`${what} did not happen in 100 calls; the last answer is ${JSON.stringify(before)}`)
  }
}
