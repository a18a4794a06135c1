#!/usr/bin/env bash
# Copies collected tables into the empty tables of a stopped Cassandra node.
#   restore.sh FROM DATA        FROM: history or accounts in a collected backup; DATA: data folder of the node
# CHATLY_CASSANDRA_KEYSPACE names the keyspace (chatly).
set -euo pipefail
from=$1 data=$2 keyspace=${CHATLY_CASSANDRA_KEYSPACE:-chatly}

folder_of() { # TABLE
  local found=("$data/$keyspace/$1"-*/)
  echo "${found[0]}"
}

for folder in "$from"/*/; do
  table=$(basename "$folder") into=$(folder_of "$(basename "$folder")")
  if [ ! -d "$into" ]; then
    echo "restore.sh: no table $table in $data/$keyspace: run \`chatly migrate\` first" >&2
    exit 1
  fi
  if [ -n "$(find "$into" -maxdepth 1 -name '*-Data.db' -print -quit)" ]; then
    echo "restore.sh: table $table is not empty" >&2
    exit 1
  fi
done
for folder in "$from"/*/; do
  find "$folder" -maxdepth 1 -name '*-big-*' -exec cp -t "$(folder_of "$(basename "$folder")")" {} +
done
