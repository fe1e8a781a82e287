# What the two commands need on the machine. Sourced by them.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Installs Debian packages that are missing, without starting the services they bring: the suite runs servers of its own.
need_packages() {
  local missing=()
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "Missing: ${missing[*]}, and there is no apt-get to install them with."
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "Missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "Installing ${missing[*]}"
  "${root[@]}" apt-get update -qq || fail "The lists of Debian's packages could not be fetched; the reason stands above."
  # Until they are installed: exit code 101 of policy-rc.d tells a package's scripts to start nothing (a policy that is there already stays), and
  # PostgreSQL is not to make a cluster of the machine's own.
  local policy=/usr/sbin/policy-rc.d
  local cluster=/etc/postgresql-common/createcluster.d/mllifecycle.conf
  local ours=()
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
    ours+=("$policy")
  fi
  "${root[@]}" mkdir -p "$(dirname "$cluster")"
  printf 'create_main_cluster = false\n' | "${root[@]}" tee "$cluster" >/dev/null
  ours+=("$cluster")
  local code=0
  (
    trap '"${root[@]}" rm -f "${ours[@]}"' EXIT # also when it is interrupted
    trap 'exit 130' INT TERM
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  ) || code=$?
  [ "$code" -eq 0 ] || fail "The packages ${missing[*]} could not be installed; the reason stands above."
}

need_dotnet() {
  command -v dotnet >/dev/null || fail "The .NET SDK 10 is missing: see https://dot.net/download, then run this again."
  dotnet --list-sdks | grep -q '^10\.' || fail "The .NET SDK 10 is missing (found: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')): see https://dot.net/download, then run this again."
}
