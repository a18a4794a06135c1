#!/usr/bin/env bash
# Builds the load generator into .cache/bin. It uses the stubs of the Go example. Again does only what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v go >/dev/null || [ -f .cache/toolchains.env ] || scripts/toolchains.sh
if [ -f .cache/toolchains.env ]; then . .cache/toolchains.env; fi
examples/build.sh go
go -C bench/load build -o ../../.cache/bin/chatly-load .
