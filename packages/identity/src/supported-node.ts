// Every entry point of the suite loads this module before anything that an older Node cannot run. An old Node then
// fails with this message, and not with an error in a dependency.

const MAJOR = 22
const MINOR = 19

/** Throws if `version`, such as `20.20.2`, is older than the packages support. */
export function requireSupportedNode (version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return
  throw new Error(
    `Peerkit needs Node ${MAJOR}.${MINOR} or later. This is Node ${version}. Install a newer Node and start again.`
  )
}

requireSupportedNode(process.versions.node)
