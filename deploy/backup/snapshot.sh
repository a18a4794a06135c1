#!/usr/bin/env bash
# Takes one of the four Cassandra snapshots of a backup, on one node. docs/operations.md says when each one is due.
#   snapshot.sh STEP NAME        STEP: 1 to 4; NAME: of the backup
# CHATLY_CASSANDRA_KEYSPACE names the keyspace (chatly), NODETOOL the command (nodetool).
set -euo pipefail
step=$1 name=$2 keyspace=${CHATLY_CASSANDRA_KEYSPACE:-chatly}
# The persister writes messages, then the heads of chats, then the offsets. So the offsets are copied first: what is
# copied may be ahead of the offsets, and is then read from the log once more; it must never be behind them.
case $step in
  1) tables=(-kt "$keyspace.stored_offsets,$keyspace.log_marks") ;;
  2) tables=(-kt "$keyspace.chats") ;;
  3 | 4) tables=("$keyspace") ;;
  *) echo "snapshot.sh: no step $step" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
${NODETOOL:-nodetool} snapshot -t "$name-$step" "${tables[@]}"
