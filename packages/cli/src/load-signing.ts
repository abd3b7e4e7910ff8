/** Loads the signing library only when it is needed: loading it takes longer than most commands run. */
export async function loadSigning (): Promise<typeof import('@peerkit/dev-ca')> {
  return await import('@peerkit/dev-ca')
}
