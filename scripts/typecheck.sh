#!/usr/bin/env bash
# Checks the types of the ES modules (JSDoc) with tsc; Node serves lint and tests alone, never the running server.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v npm >/dev/null || PATH="$PWD/.venv/bin:$PATH"
test -x node_modules/.bin/tsc || npm ci --silent --no-audit --no-fund
node_modules/.bin/tsc --project jsconfig.json
echo "tsc: the ES modules are well typed"
