// An approver and a signer, as somebody writes them: they look for requests for their name and answer each once.
import { createKitCa, readRequestedKey, readRequestedNames } from '../../../packages/issuers/src/test/kit-ca.ts'
import type { ApiServer } from './start-api-server.ts'

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

export interface Signer {
  readonly root: string
  /** The request objects that it has seen, oldest first. */
  readonly seen: readonly any[]
  /** What it does from now on. */
  behaviour: 'sign' | 'deny' | 'fail' | 'approve' | 'nothing'
  close (): Promise<void>
}

export async function startSigner ({ call }: ApiServer, signerName: string): Promise<Signer> {
  const ca = await createKitCa('Mesh CA', Date.now())
  const seen: any[] = []
  const closing = new AbortController()
  const signer: Signer = {
    root: ca.root,
    seen,
    behaviour: 'sign',
    async close () {
      closing.abort()
      await running
    }
  }
  const answer = async (found: any): Promise<void> => {
    const name = found.metadata.name
    const told = (type: string): object => ({ type, status: 'True', reason: 'ByTest', message: `the test said ${signer.behaviour}` })
    if (signer.behaviour === 'nothing') return
    if (signer.behaviour === 'deny') {
      await call('PUT', `${PATH}/${name}/approval`, { ...found, status: { conditions: [told('Denied')] } })
      return
    }
    const approved = await call('PUT', `${PATH}/${name}/approval`, { ...found, status: { conditions: [told('Approved')] } })
    if (signer.behaviour === 'approve') return
    const { conditions } = approved.status
    const now = Math.floor(Date.now() / 1000) * 1000
    const request = Buffer.from(found.spec.request, 'base64').toString()
    const validity = { notBefore: now, notAfter: now + (found.spec.expirationSeconds ?? 86_400) * 1000 }
    const leaf = await ca.sign(readRequestedKey(request), validity, readRequestedNames(request))
    const status = signer.behaviour === 'fail'
      ? { conditions: [...conditions, told('Failed')] }
      : { conditions, certificate: Buffer.from(leaf + ca.intermediate).toString('base64') }
    await call('PUT', `${PATH}/${name}/status`, { ...approved, status })
  }
  const running = (async () => {
    while (!closing.signal.aborted) {
      const { items } = await call('GET', `${PATH}?fieldSelector=${encodeURIComponent(`spec.signerName=${signerName}`)}`)
      for (const found of items.filter(({ metadata }: any) => !seen.some((one) => one.metadata.uid === metadata.uid))) {
        seen.push(found)
        // The request may be gone again.
        await answer(found).catch(() => {})
      }
      await new Promise((resolve) => { setTimeout(resolve, 50) })
    }
  })()
  return signer
}
