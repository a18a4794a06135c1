#!/usr/bin/env bash
# Builds the load generator and the servers that Chatly is compared to. A second run builds only what changed. Uses the
# stubs of the Go example.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f .cache/toolchains.env ] || scripts/toolchains.sh go node
. .cache/toolchains.env
examples/build.sh go
bin=$PWD/.cache/bin
go -C bench/load build -o "$bin/chatly-load" .
go -C bench/peers/grpcgo build -o "$bin/peer-grpcgo" .
go -C bench/peers/centrifuge build -o "$bin/peer-centrifuge" .

cd bench/peers/seed
if ! cmp -s package-lock.json node_modules/.built; then
  npm ci --no-audit --no-fund --prefer-offline --loglevel=error
  cp package-lock.json node_modules/.built
fi
