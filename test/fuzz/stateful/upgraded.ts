import type { TLSSocket } from 'node:tls'

/** The client's side of an upgraded connection, whose server says again what it hears. */
export class Upgraded {
  readonly #socket: TLSSocket
  #text = ''
  #wake = (): void => {}
  #count = 0

  constructor (socket: TLSSocket) {
    this.#socket = socket
    // Answers are not read as HTTP any more.
    socket.removeAllListeners('data')
    socket.on('data', (chunk) => {
      this.#text += String(chunk)
      this.#wake()
    })
    socket.on('close', () => { this.#wake() })
  }

  /** Asks for the upgrade; the status, or undefined where the connection ended without an answer. */
  async begin (headers: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const all = { Host: 'localhost', Connection: 'Upgrade', Upgrade: 'echo', ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const status = await this.#exchange(`GET / HTTP/1.1\r\n${lines}\r\n`, /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/)
    return status === undefined ? undefined : Number(status)
  }

  /** Whether the server still says again what it hears. */
  async isOpen (): Promise<boolean> {
    this.#count += 1
    return await this.#exchange(`<${this.#count}>`, new RegExp(`<(${this.#count})>`)) !== undefined
  }

  /** What a pattern found in the answer; undefined where the connection ended. */
  async #exchange (text: string, wanted: RegExp): Promise<string | undefined> {
    if (!this.#socket.destroyed) this.#socket.write(text)
    for (;;) {
      const found = wanted.exec(this.#text)
      if (found !== null) {
        this.#text = this.#text.slice(found.index + found[0].length)
        return found[1]
      }
      if (this.#socket.destroyed) return undefined
      await new Promise<void>((resolve) => { this.#wake = resolve })
    }
  }
}
