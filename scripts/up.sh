#!/usr/bin/env bash
# Runs the whole suite on this machine: installs what is missing, builds, starts everything, prints the addresses and how to sign in.
#   scripts/up.sh [--data DIR] [--port N] [--token-file F] [--demo] [--verbose]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/scripts/machine.sh"

packages=(postgresql rabbitmq-server)
for option in "$@"; do
  case $option in
    --demo) packages+=(dataset-fashion-mnist libgomp1) ;;
  esac
done
need_dotnet
need_packages "${packages[@]}"
say "Building"
dotnet build "$here/MlLifecycle.AppHost" -c Release -v minimal --nologo -clp:NoSummary || fail "The build failed; the reason stands above."
say "Starting"
exec dotnet run --project "$here/MlLifecycle.AppHost" -c Release --no-build -- "$@"
