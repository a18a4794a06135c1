#!/usr/bin/env bash
# Builds the client of one language: examples/build.sh go|node|java (Python needs no build). A second run builds only
# what changed. Packages come from the caches of the first build if possible.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -f .cache/toolchains.env ]; then . .cache/toolchains.env; fi
tools=$PWD/.cache/go-tools

# Generated stubs go into examples/go/gen. The generators' versions are in go.mod.
build_go() {
  GOBIN=$tools go -C examples/go install tool
  PATH="$tools:$PATH" .venv/bin/buf generate --template buf.gen.go.yaml --output examples/go
  go -C examples/go build -o bin/chatly-go .
}

build_node() {
  cd examples/node
  cmp -s package-lock.json node_modules/.built && return
  npm ci --no-audit --no-fund --prefer-offline --loglevel=error
  cp package-lock.json node_modules/.built
}

build_java() {
  cd examples/java
  export MAVEN_OPTS=${MAVEN_OPTS--XX:TieredStopAtLevel=1} # a short run: skip the second compiler stage
  mvn --offline --batch-mode --quiet process-classes >/dev/null 2>&1 || mvn --batch-mode --no-transfer-progress --quiet process-classes
}

case "${1-}" in
  go | node | java) "build_$1" ;;
  *)
    echo "usage: examples/build.sh go|node|java" >&2
    exit 2
    ;;
esac
