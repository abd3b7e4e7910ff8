#!/usr/bin/env node
import { runPeerkit } from './cli/run-peerkit.ts'

process.exitCode = await runPeerkit(process.argv.slice(2), {
  out: (text) => { process.stdout.write(text) },
  err: (text) => { process.stderr.write(text) }
})
