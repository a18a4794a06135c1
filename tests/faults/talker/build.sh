#!/usr/bin/env bash
# Builds the devices in Go into .cache/bin, with the stubs of the Go example. A second run builds only what changed.
set -euo pipefail
cd "$(dirname "$0")/../../.."
command -v go >/dev/null || [ -f .cache/toolchains.env ] || scripts/toolchains.sh
if [ -f .cache/toolchains.env ]; then . .cache/toolchains.env; fi
examples/build.sh go
go -C tests/faults/talker build -o ../../../.cache/bin/chatly-talker .
