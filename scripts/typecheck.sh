#!/usr/bin/env bash
# Checks the types of the ES modules (JSDoc) with tsc; Node serves lint alone, never the running server.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/node.txt
    PATH="$PWD/.venv/bin:$PATH"
fi
test -x node_modules/.bin/tsc || npm ci --silent --no-audit --no-fund
node_modules/.bin/tsc --project jsconfig.json
echo "tsc: the ES modules are well typed"
