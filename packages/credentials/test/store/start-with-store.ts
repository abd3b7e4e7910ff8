// Starts credentials with the store in the argument. The parent process is the CA.
import { renewingCredentials, fileStore } from '../../src/index.ts'
import type { IssuedMaterial } from '../../src/index.ts'

const [, , path = '', ca = ''] = process.argv
const source = await renewingCredentials({
  name: 'the parent process',
  async issue ({ publicKey }) {
    const answer = new Promise<IssuedMaterial>((resolve) => { process.once('message', (cert: string) => { resolve({ cert }) }) })
    process.send?.({ publicKey })
    return await answer
  }
}, { ca, store: fileStore(path) })
process.send?.({ serialNumber: source.current.identity.serialNumber })
await source.close()
process.disconnect()
