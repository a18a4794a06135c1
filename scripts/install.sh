#!/usr/bin/env bash
# Makes .venv with everything that requirements.lock names, and Chatly itself. Does nothing when it is up to date.
# Needs Python 3.11 or newer (PYTHON names another one than python3).
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
# A moved checkout leaves an environment that points to its old place.
.venv/bin/python -c "import sys; sys.exit(sys.prefix != '$PWD/.venv')" 2>/dev/null || "$python" -m venv --clear .venv
rm -f "$stamp"
uv=$(grep -om1 '^uv==[0-9.]*' requirements.lock)
.venv/bin/pip install --quiet --disable-pip-version-check "$uv"
export VIRTUAL_ENV=$PWD/.venv
# Compiled now, once: where Python may not keep what it compiles, every process would do it again, and hold the memory.
.venv/bin/uv pip install --compile-bytecode --require-hashes -r requirements.lock
.venv/bin/uv pip install --quiet --no-build-isolation --no-deps -e .
wanted >"$stamp"
echo "==> Installed"
