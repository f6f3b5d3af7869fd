#!/usr/bin/env bash
# All tests: on SQLite always, then what touches the database again on PostgreSQL where one can be reached.
# LODE_TEST_POSTGRES names it (default: the local one); LODE_REQUIRE_SERVICES=1 makes a missing service a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
export MOTHERLODE_HOME="${MOTHERLODE_HOME:-$(mktemp -d)}"
# Tests make many small files: in memory, where there is room for all that a run leaves behind.
if [ -z "${TMPDIR:-}" ] && [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -gt 8000000 ] 2>/dev/null; then
    TMPDIR="$(mktemp -d -p /dev/shm)"
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
fi
export PATH="$PWD/.venv/bin:$PATH"  # Node, from its wheel, for the unit tests of the ES modules
export LODE_TEST_POSTGRES="${LODE_TEST_POSTGRES:-postgresql://postgres@127.0.0.1:5432/postgres}"
pytest() { .venv/bin/python -m pytest -q -p no:cacheprovider "$@"; }

pytest -n "${LODE_TEST_WORKERS:-2}" --dist loadgroup "$@"

if .venv/bin/python -c "import os, psycopg; psycopg.connect(os.environ['LODE_TEST_POSTGRES'], connect_timeout=3).close()" 2>/dev/null; then
    echo "Again on PostgreSQL:"
    DATABASE_URL="$LODE_TEST_POSTGRES" pytest -n "${LODE_TEST_WORKERS:-2}" --dist loadgroup -m "not browser and not once" "$@"
elif [ "${LODE_REQUIRE_SERVICES:-}" = 1 ]; then
    echo "PostgreSQL is required here and cannot be reached at LODE_TEST_POSTGRES" >&2
    exit 1
else
    echo "PostgreSQL cannot be reached, so the tests ran on SQLite alone (set LODE_TEST_POSTGRES to run them on it too)"
fi
