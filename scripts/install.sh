#!/usr/bin/env bash
# Creates .venv with all packages of requirements.lock and Chatly itself. Does nothing if it is up to date. Needs Python
# 3.11 or newer (PYTHON names another interpreter than python3).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
python=${PYTHON:-python3}
stamp=.venv/.installed

wanted() { { pwd && cat requirements.lock pyproject.toml; } | sha256sum | cut -d' ' -f1; }

if [ -x .venv/bin/chatly ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(wanted)" ]; then
  exit 0
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Chatly needs Python 3.11 or newer as $python (set PYTHON to name another one)." >&2
  exit 1
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null || need_debian python3-venv

echo "==> Installing Chatly's Python packages into .venv (about a minute the first time)"
# After a checkout was moved, its environment points to the old path.
.venv/bin/python -c "import sys; sys.exit(sys.prefix != '$PWD/.venv')" 2>/dev/null || "$python" -m venv --clear .venv
rm -f "$stamp"
uv=$(grep -om1 '^uv==[0-9.]*' requirements.lock)
.venv/bin/pip install --quiet --disable-pip-version-check "$uv"
export VIRTUAL_ENV=$PWD/.venv
# Compile now: if Python cannot store compiled files at run time, every process would compile again and keep the memory.
.venv/bin/uv pip install --compile-bytecode --require-hashes -r requirements.lock
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps -e .
wanted >"$stamp"
echo "==> Installed"
