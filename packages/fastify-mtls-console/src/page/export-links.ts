import { writeQuery } from '../query.ts'
import type { Query } from '../query.ts'

/** The address of a table as CSV, with the filters of the page. */
export function csvLink (prefix: string, name: CsvName, query?: Query): string {
  return `${prefix}/${name}.csv${query === undefined ? '' : writeQuery(query)}`
}

/** The tables that can be had as CSV. */
export type CsvName = 'access' | 'authorities' | 'calls' | 'clients' | 'crls' | 'expiry' | 'forecast' | 'log'
  | 'timeline'
