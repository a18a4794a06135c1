#!/usr/bin/env bash
# Builds the web client into web/dist, when what it is made of has changed since. Node comes from the machine (20 or newer)
# or as a wheel (scripts/toolchains.sh). With `deps`: only what the client's own checks and `vite` need, without building.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=web/dist/.built
deps=web/node_modules/.installed

hash_of() { find "$@" -type f -not -path 'web/src/gen/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }
made_of=$(hash_of web/src web/public web/index.html web/package-lock.json web/vite.config.ts protos buf.gen.web.yaml)
if [ "${1:-}" != deps ] && [ "$(cat "$stamp" 2>/dev/null)" = "$made_of" ]; then exit 0; fi

scripts/toolchains.sh node
. .cache/toolchains.env
wanted=$(hash_of web/package.json web/package-lock.json)
if [ "$(cat "$deps" 2>/dev/null)" != "$wanted" ]; then
  echo "==> Installing the web client's packages"
  npm --prefix web ci --no-audit --no-fund --loglevel=error
  echo "$wanted" >"$deps"
fi
.venv/bin/buf generate --template buf.gen.web.yaml
if [ "${1:-}" = deps ]; then exit 0; fi

echo "==> Building the web client"
npm --prefix web run --silent build
echo "$made_of" >"$stamp"
