#!/usr/bin/env bash
# The steps of the workflow, in a copy of this folder: no certificate and no key is left in yours.
set -euo pipefail
cd "$(dirname "$0")"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R ./*.yaml certificates.sh src package.json "$copy"
modules=$(node -p "require('node:path').resolve(require.resolve('fastify/package.json'), '../..')")
ln -s "$modules" "$copy/node_modules"
cd "$copy"
# In a clone of Peerkit the packages run from their sources. Elsewhere the condition has no effect.
export NODE_OPTIONS=--conditions=@peerkit/source
bash certificates.sh > /dev/null
npx peerkit rules lint --rules rules.yaml
npx peerkit rules test --rules rules.yaml --tests rules.test.yaml
node src/who-may-call.ts
