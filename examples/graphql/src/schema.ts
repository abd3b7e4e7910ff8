import type { FastifyRequest } from 'fastify'
import type { MercuriusContext } from 'mercurius'
import { forGroup } from './for-group.ts'

interface Account { readonly number: string, readonly partner: string, readonly balance: number }

const ACCOUNTS: readonly Account[] = [
  { number: '1', partner: 'acme', balance: 120 },
  { number: '2', partner: 'globex', balance: 7 }
]

export const schema = `
  type Account { number: ID!, partner: String!, balance: Float }
  type Query { whoami: String!, accounts: [Account!]! }
`

export const resolvers = {
  Query: {
    whoami: (_root: unknown, _args: unknown, context: MercuriusContext) => String(requestOf(context).peer),
    // A partner sees its own accounts: those with the name of its certificate.
    accounts: (_root: unknown, _args: unknown, context: MercuriusContext) => {
      const { peer, peerGroups } = requestOf(context)
      return peerGroups.includes('staff') ? ACCOUNTS : ACCOUNTS.filter(({ partner }) => partner === peer.commonName)
    }
  },
  Account: {
    balance: forGroup('staff', ({ balance }: Account) => balance)
  }
}

function requestOf ({ reply }: MercuriusContext): FastifyRequest { return reply.request }
