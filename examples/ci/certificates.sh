#!/usr/bin/env bash
# Makes a CA and certificates that are good for this run alone. No secret of the CI is needed.
set -euo pipefail
npx peerkit ca init --dir pki --days 1 --force
npx peerkit cert issue --out ledger --days 1 --force --profile server --cn ledger --dns localhost
npx peerkit cert issue --out alice --days 1 --force --profile client --cn alice --ou billing
npx peerkit cert issue --out audrey --days 1 --force --profile client --cn audrey --ou audit
npx peerkit cert issue --out mallory --days 1 --force --profile client --cn mallory --ou interns
