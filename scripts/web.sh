#!/usr/bin/env bash
# Builds the web client into web/dist if its sources have changed. Uses the machine's Node (20 or newer) or one from a
# wheel (scripts/toolchains.sh). Other tasks: `deps` installs what `vite` needs, `check` checks types and style, `test`
# runs the unit tests.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=web/dist/.built
deps=web/node_modules/.installed
task=${1:-build}

hash_of() { find "$@" -type f -not -path 'web/src/gen/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }
made_of=$(hash_of web/src web/public web/index.html web/package-lock.json web/vite.*.ts protos buf.gen.web.yaml)
if [ "$task" = build ] && [ "$(cat "$stamp" 2>/dev/null)" = "$made_of" ]; then exit 0; fi

scripts/toolchains.sh node
. .cache/toolchains.env
wanted=$(hash_of web/package.json web/package-lock.json)
if [ "$(cat "$deps" 2>/dev/null)" != "$wanted" ]; then
  echo "==> Installing the web client's packages"
  npm --prefix web ci --no-audit --no-fund --loglevel=error
  echo "$wanted" >"$deps"
fi
.venv/bin/buf generate --template buf.gen.web.yaml
case $task in
deps) ;;
check)
  npm --prefix web run --silent types
  npm --prefix web run --silent lint
  npm --prefix web run --silent format:check
  ;;
test) npm --prefix web run --silent test ;;
build)
  echo "==> Building the web client"
  npm --prefix web run --silent build
  echo "$made_of" >"$stamp"
  ;;
*)
  echo "scripts/web.sh: unknown task $task" >&2
  exit 2
  ;;
esac
