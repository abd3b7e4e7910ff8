import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuerWorld } from '@peerkit/issuers/test'
import { startStandIn } from './https-server.ts'
import type { Received, Reply, StandIn } from './https-server.ts'
import { replyOf } from './world-reply.ts'

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

export interface KubernetesStandIn extends StandIn {
  /** A folder as a pod has it, with `token` and `ca.crt`. */
  readonly serviceAccount: string
  /** The request objects that are there, by name. */
  readonly objects: Map<string, any>
  /** Replaces the token. */
  setToken (token: string): void
}

export type Answer = (received: Received, server: Pick<KubernetesStandIn, 'objects'>) => Reply | undefined | Promise<Reply | undefined>

/** An API server with an approver and a signer that is the CA of a case: an object is signed when somebody looks at it for the second time. */
export async function startKubernetes (world: IssuerWorld, answer: Answer = () => undefined): Promise<KubernetesStandIn> {
  const objects = new Map<string, any>()
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-kubernetes-'))
  let token = 'eyJhbGciOiJSUzI1NiJ9.first.token'
  const setToken = (next: string): void => {
    token = next
    writeFileSync(join(folder, 'token'), `${next}\n`)
  }
  const signed = new Map<string, string>()
  const server = await startStandIn(async (received) => {
    const given = await answer(received, { objects })
    if (given !== undefined) return given
    const { method, path, body, headers } = received
    if (headers.authorization !== `Bearer ${token}`) return failure(401, 'Unauthorized', 'Unauthorized')
    if (method === 'POST' && path === PATH) {
      return await replyOf(world, Buffer.from(body.spec.request, 'base64').toString(), ({ leaf, intermediates }) => {
        const name = `${body.metadata.generateName}${objects.size}${randomUUID().slice(0, 5)}`
        const object = { ...body, metadata: { ...body.metadata, name, uid: randomUUID() }, status: {} }
        objects.set(name, object)
        signed.set(name, Buffer.from(leaf + intermediates.join('')).toString('base64'))
        return { status: 201, body: object }
      })
    }
    const name = path.slice(PATH.length + 1)
    const object = objects.get(name)
    if (object === undefined) return failure(404, 'NotFound', `certificatesigningrequests.certificates.k8s.io "${name}" not found`)
    if (method === 'DELETE') {
      const isSame = body.preconditions.uid === object.metadata.uid
      if (isSame) objects.delete(name)
      return isSame ? { body: { kind: 'Status', status: 'Success' } } : failure(409, 'Conflict', 'the UID in the precondition does not match')
    }
    const { status } = object
    object.status = status.conditions === undefined
      ? { conditions: [{ type: 'Approved', status: 'True', reason: 'Automatic', message: 'approved by a test' }] }
      : { ...status, certificate: signed.get(name) }
    return { body: object }
  })
  setToken(token)
  writeFileSync(join(folder, 'ca.crt'), server.root)
  return {
    ...server,
    objects,
    serviceAccount: folder,
    setToken,
    async close () {
      await server.close()
      rmSync(folder, { recursive: true })
    }
  }
}

/** A Status object, as the API server answers with errors. */
export function failure (code: number, reason: string, message: string): Reply {
  return { status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code } }
}
