import type { MakeServer } from './serving.ts'

/** Loaded on demand, so that the process of a bare server loads nothing of Peerkit. */
export const kinds: Readonly<Record<string, () => Promise<MakeServer>>> = {
  bare: async () => (await import('./handmade.ts')).serveBare,
  peerkit: async () => (await import('./peerkit.ts')).servePeerkit,
  identified: async () => (await import('./peerkit.ts')).serveIdentified,
  'hand-written': async () => (await import('./handmade.ts')).serveHandWritten,
  express: async () => (await import('./express.ts')).serveExpress,
  'rules-file': async () => (await import('./rules-file.ts')).serveRulesFile,
  spiffe: async () => (await import('./spiffe.ts')).serveSpiffe,
  'svid-files': async () => (await import('./spiffe.ts')).serveFiles,
  'bare-node': async () => (await import('./node.ts')).serveBareNode,
  node: async () => (await import('./node.ts')).serveNode,
  'reads-header': async () => (await import('./behind.ts')).serveReadsHeader,
  behind: async () => (await import('./behind.ts')).serveBehind,
  'behind-allowed': async () => (await import('./behind.ts')).serveBehindAllowed
}
