import type { createDevCa } from '../create-dev-ca.ts'
import type { openDevCa, storeDevCa, updateDevCa } from '../open-dev-ca.ts'

/** What signs, loaded when it is needed: that takes longer than most commands take to run. */
export async function loadSigning (): Promise<{ createDevCa: typeof createDevCa, openDevCa: typeof openDevCa, storeDevCa: typeof storeDevCa, updateDevCa: typeof updateDevCa }> {
  const [made, opened] = await Promise.all([import('../create-dev-ca.ts'), import('../open-dev-ca.ts')])
  return { createDevCa: made.createDevCa, openDevCa: opened.openDevCa, storeDevCa: opened.storeDevCa, updateDevCa: opened.updateDevCa }
}
