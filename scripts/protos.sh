#!/usr/bin/env bash
# Builds the Python stubs (gen/python) and the descriptor set (gen/chatly.binpb) from protos/.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
googleapis=$("$bin/python" -c 'import google.api, pathlib; print(pathlib.Path(next(iter(google.api.__path__))).parent.parent)')
out=${1:-gen}
mapfile -t ours < <(find protos -name '*.proto' | sort)
include=(-Iprotos -Ithird_party/protovalidate -I"$googleapis")
rm -rf "$out/python" "$out/chatly.binpb"
mkdir -p "$out/python"
PATH="$PWD/$bin:$PATH" "$bin/python" -m grpc_tools.protoc "${include[@]}" \
  --python_out="$out/python" --mypy_out="quiet:$out/python" \
  "${ours[@]}" third_party/protovalidate/buf/validate/validate.proto
PATH="$PWD/$bin:$PATH" "$bin/python" -m grpc_tools.protoc "${include[@]}" \
  --grpc_python_out="$out/python" --mypy_grpc_out="quiet,only_async:$out/python" \
  $(printf '%s\n' "${ours[@]}" | grep '_service\.proto$')
"$bin/python" -m grpc_tools.protoc "${include[@]}" --include_imports --include_source_info \
  --descriptor_set_out="$out/chatly.binpb" "${ours[@]}"
