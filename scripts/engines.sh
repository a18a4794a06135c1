#!/usr/bin/env bash
# Installs the servers of the distributed mesh without Docker: Kafka, Cassandra, Redis and an S3 server. Jars go to
# .cache/engines/jars, versitygw to .cache/bin. A second run does nothing. Start them with `python -m engines`. Needs
# Java with Maven, and Go: run scripts/toolchains.sh first.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh
. .cache/toolchains.env
jars=$PWD/.cache/engines/jars
versitygw=v1.8.0

# fetch_jars <name>: the dependencies of engines/<name>.pom.xml in one folder. Fetched again when the list changes.
fetch_jars() {
  local pom=engines/$1.pom.xml
  cmp -s "$pom" "$jars/$1/pom.xml" && return
  echo "==> Fetching the jars of $1 (about a minute)"
  rm -rf "${jars:?}/$1"
  mvn --quiet --batch-mode --file "$pom" dependency:copy-dependencies -DoutputDirectory="$jars/$1"
  cp "$pom" "$jars/$1/pom.xml"
}

install_versitygw() {
  [ "$(cat .cache/bin/versitygw.version 2>/dev/null)" = "$versitygw" ] && return
  echo "==> Building versitygw, the S3 server (about a minute)"
  mkdir -p .cache/bin
  GOBIN=$PWD/.cache/bin go install "github.com/versity/versitygw/cmd/versitygw@$versitygw"
  echo "$versitygw" >.cache/bin/versitygw.version
}

command -v redis-server >/dev/null || need_debian redis-server
command -v ip >/dev/null || need_debian iproute2 # `make faults` cuts network links with it
command -v gcc >/dev/null || need_debian gcc libc6-dev # for the libraries that emulate power cuts and shift clocks
fetch_jars kafka
fetch_jars cassandra
install_versitygw
