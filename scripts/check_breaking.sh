#!/usr/bin/env bash
# Refuses changes of the protos that break clients, compared with main on a branch, and with the previous commit on
# main.
set -euo pipefail
cd "$(dirname "$0")/.."
head=$(git rev-parse HEAD)
base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || echo "$head")
if [ "$base" = "$head" ]; then
  base=$(git rev-parse --quiet --verify HEAD^ || true)
fi
if [ -z "$base" ] || ! git cat-file -e "$base:buf.yaml" 2>/dev/null; then
  echo "Nothing to compare with: the history has no earlier protos."
  exit 0
fi
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
# An unpacked tree, because `--against .git` needs a full clone.
git archive "$base" buf.yaml protos third_party | tar -x -C "$old"
buf breaking --against "$old"
