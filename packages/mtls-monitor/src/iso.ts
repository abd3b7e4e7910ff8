/** ISO 8601, UTC. Undefined for a time that no date has: a certificate may say that it ends in a year beyond them. */
export function iso (time: number): string | undefined {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
