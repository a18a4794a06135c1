#!/usr/bin/env bash
# Installs only what the chosen tests need beside Python: toolchains, engines, the built web client. Takes the arguments
# of pytest. scripts/needs.py determines the steps.
set -euo pipefail
cd "$(dirname "$0")/.."
steps=$(.venv/bin/python scripts/needs.py "$@")
toolchains=()
for step in $steps; do
  case $step in
  engines | web) ;;
  *) toolchains+=("$step") ;;
  esac
done
# `none` installs nothing, but writes .cache/toolchains.env.
scripts/toolchains.sh "${toolchains[@]:-none}"
for step in $steps; do
  case $step in
  engines) scripts/engines.sh ;;
  web) scripts/web.sh ;;
  esac
done
