// The program that the suite starts: it says its ports on standard output, and ends on SIGTERM (contract sections 2.3
// and 2.4). Everything else goes to standard error.
import { startHarness } from './start-harness.ts'

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => { process.exit(0) })

try {
  const { x509Port, controlPort } = await startHarness()
  process.stdout.write(
    `SPIFFE_HARNESS_VERSION=1\nSPIFFE_X509_PORT=${x509Port}\nSPIFFE_CONTROL_PORT=${controlPort}\nREADY\n`
  )
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
