import type { Demo } from './steps/demo.ts'

/** Prints commands to paste into another terminal while the services run. */
export function printCurlCommands ({ world, transcript, ledger, orders }: Demo): void {
  const as = (party: string): string => {
    const { cert, key, ca } = world.paths(party)
    return `curl --cacert ${ca} --cert ${cert} --key ${key}`
  }
  transcript.title('Allowed:')
  transcript.line(`${as('operator')} ${orders}/orders --json '{"amount":42}'`)
  transcript.line(`${as('operator')} ${ledger}/entries`)
  transcript.title('Refused: no rule for interns; no certificate; a certificate from another CA')
  transcript.line(`${as('intern')} ${ledger}/entries`)
  transcript.line(`curl --cacert ${world.paths('').ca} ${ledger}/entries`)
  transcript.line(`${as('stranger')} ${ledger}/entries`)
  transcript.title('The services log here. Press Ctrl+C to stop them and to remove the certificates.')
}
