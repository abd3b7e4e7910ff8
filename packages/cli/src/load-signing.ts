/** What signs, loaded when it is needed: that takes longer than most commands take to run. */
export async function loadSigning (): Promise<typeof import('@peerkit/dev-ca')> {
  return await import('@peerkit/dev-ca')
}
