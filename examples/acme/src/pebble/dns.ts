import { findTool } from './find-tool.ts'
import { freePort, startProgram, withFreePorts } from './program.ts'

/** The DNS server that Pebble asks: every name is this machine, and TXT records can be set. */
export interface TestDns {
  /** Where it answers DNS: `127.0.0.1:8053`. */
  readonly address: string
  /** Adds a TXT record. Others of the name stay. */
  addTxt (name: string, value: string): Promise<void>
  /** Removes all TXT records of a name. */
  clearTxt (name: string): Promise<void>
  close (): Promise<void>
}

export async function startDns (): Promise<TestDns> { return await withFreePorts(tryDns) }

async function tryDns (): Promise<TestDns> {
  const tool = findTool('pebble-challtestsrv')
  const [dns, management] = [await freePort(), await freePort()]
  const call = async (path: string, body: object): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${management}/${path}`, { method: 'POST', body: JSON.stringify(body) })
    await answer.arrayBuffer()
    return answer.ok
  }
  const program = await startProgram(tool, [
    '-dnsserver', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${management}`, '-defaultIPv4', '127.0.0.1',
    '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''
  ], async () => await call('clear-txt', { host: 'start.example.' }))
  return {
    address: `127.0.0.1:${dns}`,
    async addTxt (name, value) { await call('set-txt', { host: `${name}.`, value }) },
    async clearTxt (name) { await call('clear-txt', { host: `${name}.` }) },
    close: program.kill
  }
}
