/** The error of a promise that must reject. */
export async function rejection (promise: Promise<unknown>): Promise<any> {
  return await promise.then(() => { throw new Error('it did not reject') }, (error: unknown) => error)
}
