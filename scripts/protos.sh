#!/usr/bin/env bash
# Generates the Python stubs from protos/ into a folder (default: gen/), and with them the descriptor set
# chatly/chatly.binpb, by which the edge transcodes REST. Other languages are configured in buf.gen.*.yaml.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gen}
python=$PWD/.venv/bin/python
export PATH="$PWD/.venv/bin:$PATH"

# Generated in a temporary folder and then moved, so that a process that imports the stubs meanwhile sees either the old
# or the new ones.
mkdir -p "$out"
new=$(mktemp -d "$out/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir "$new/python"

mapfile -t ours < <(find protos -name '*.proto' | sort)
mapfile -t services < <(printf '%s\n' "${ours[@]}" | grep '_service\.proto$')
protoc() {
  "$python" -m grpc_tools.protoc -Iprotos -Ithird_party/googleapis -Ithird_party/protovalidate "$@"
}

# google.api is part of googleapis-common-protos. No package has buf.validate, so its stubs are generated here.
protoc --python_out="$new/python" --mypy_out="quiet:$new/python" \
  "${ours[@]}" third_party/protovalidate/buf/validate/validate.proto
protoc --grpc_python_out="$new/python" --mypy_grpc_out="quiet,only_async:$new/python" "${services[@]}"
# Includes the error details, which the edge writes as JSON.
protoc --include_imports --include_source_info --descriptor_set_out="$new/python/chatly/chatly.binpb" \
  "${ours[@]}" third_party/googleapis/google/rpc/{status,error_details}.proto

if [ -d "$out/python" ]; then mv "$out/python" "$new/old"; fi
mv "$new/python" "$out/python"
