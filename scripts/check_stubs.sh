#!/usr/bin/env bash
# Fails if gen/ differs from the code generated from protos/.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/protos.sh "$fresh"
if ! diff --recursive --brief --exclude=__pycache__ "$fresh/python" gen/python; then
  echo "gen/ is out of date: run 'make protos' and commit the result." >&2
  exit 1
fi
