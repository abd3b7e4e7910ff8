#!/usr/bin/env node
// Plain JavaScript without static imports: it has to start on an old Node, and before the packages are built.
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  const found = `This is Node ${process.versions.node}.`
  console.error(`Error: Peerkit needs Node 22.19 or later. ${found} Install a newer Node and start again.`)
  process.exitCode = 2
} else {
  run()
}

async function run () {
  // The reader of a pipe may leave early, as `head` does.
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
  let create
  try {
    create = await import('@peerkit/create')
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    const [missing] = error.message.split('\n')
    console.error(`create-peerkit: ${missing}`)
    console.error('In a clone of the repository run "npm run build". Elsewhere install @peerkit/create again.')
    process.exitCode = 2
    return
  }
  process.exitCode = await create.createService(process.argv.slice(2), {
    out: (text) => { process.stdout.write(text) },
    err: (text) => { process.stderr.write(text) }
  })
}
