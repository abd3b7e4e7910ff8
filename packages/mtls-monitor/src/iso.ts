/** ISO 8601, UTC. Undefined for a time outside of the range of Date: a certificate may expire in such a year. */
export function iso (time: number): string | undefined {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
