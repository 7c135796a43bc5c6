#!/bin/sh
# Runs the tests, and leaves vitest's own account of them for whoever wants to count (.ci/run does).
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
rm -f build/test-results.json
exec npx --no-install vitest run --reporter=default --reporter=json --outputFile.json=build/test-results.json "$@"
