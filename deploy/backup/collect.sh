#!/usr/bin/env bash
# Copies the four snapshots of a backup from one Cassandra node into a folder: history/TABLE and accounts/TABLE.
#   collect.sh NAME DATA INTO        DATA: data folder of the node, with a folder for each keyspace
# CHATLY_CASSANDRA_KEYSPACE names the keyspace (chatly).
set -euo pipefail
name=$1 data=$2 into=$3 keyspace=${CHATLY_CASSANDRA_KEYSPACE:-chatly}
for folder in "$data/$keyspace"/*/; do
  table=$(basename "$folder") && table=${table%-*}
  case $table in
    # `chatly migrate` creates these rows.
    schema_versions) continue ;;
    stored_offsets | log_marks) step=1 owner=history ;;
    chats) step=2 owner=history ;;
    messages | message_reactions | message_edits | events | event_places | sends | chats_by_user | \
      pending_withdrawals | dead_letters | log_epochs | log_ends) step=3 owner=history ;;
    *) step=4 owner=accounts ;;
  esac
  snapshot=$folder/snapshots/$name-$step
  if [ -d "$snapshot" ]; then
    mkdir -p "$into/$owner/$table"
    find "$snapshot" -maxdepth 1 -name '*-big-*' -exec cp -t "$into/$owner/$table" {} +
  fi
done
