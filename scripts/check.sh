#!/usr/bin/env bash
# Runs every check that needs no running program. Continues after a failure, and lists the failed checks at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
export PATH="$PWD/.venv/bin:$PATH"
command -v git >/dev/null || need_debian git || exit 1
# Git refuses a checkout of another user, as root finds it in a mounted folder of a container.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$PWD"
failed=()

check() {
  local name=$1
  shift
  if output=$("$@" 2>&1); then
    echo "ok      $name"
  else
    failed+=("$name")
    printf '%s\nFAILED  %s\n' "$output" "$name"
  fi
}

check "style (ruff check)" ruff check .
check "format (ruff format)" ruff format --check .
check "types (mypy --strict)" mypy .
check "import directions (import-linter)" env PYTHONPATH=gen/python lint-imports --no-logo
check "protos (buf lint)" buf lint
check "proto format (buf format)" buf format --diff --exit-code protos
check "no breaking change of the protos (buf breaking)" scripts/check_breaking.sh
check "generated code is up to date" scripts/check_stubs.sh
check "web client (tsc, eslint, prettier)" scripts/web.sh check
check "file sizes and registry names" python scripts/check_files.py
check "language and old names" python scripts/check_language.py

if [ ${#failed[@]} -gt 0 ]; then
  printf '\n%d checks failed\n' "${#failed[@]}"
  exit 1
fi
echo "all checks passed"
