// Every entry point of the suite loads this module before anything that an older Node cannot run. So an old Node gets this
// message, and not an error from the middle of a dependency.

const MAJOR = 22
const MINOR = 19

/** Throws where `version`, such as `20.20.2`, is older than the packages support. */
export function requireSupportedNode (version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return
  throw new Error(
    `Peerkit needs Node ${MAJOR}.${MINOR} or later. This is Node ${version}. Install a newer Node and start again.`
  )
}

requireSupportedNode(process.versions.node)
