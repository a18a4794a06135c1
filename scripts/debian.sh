# To be sourced. Installs missing Debian packages as root; as another user it prints the command to run.

# need_debian <package> ...
need_debian() {
  local line="apt-get update && apt-get install --yes --no-install-recommends $*"
  if ! command -v apt-get >/dev/null; then
    echo "Please install the equivalents of these Debian packages: $*" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    printf 'Some system packages are missing. Run this command, then try again:\n\n  sudo sh -c "%s"\n\n' "$line" >&2
    return 1
  fi
  echo "==> Installing Debian packages: $*"
  DEBIAN_FRONTEND=noninteractive sh -c "$line" </dev/null
}
