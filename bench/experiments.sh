#!/usr/bin/env bash
# The Experiments service: writes, reads, searches and artifacts per second, with the limits of database and disk in the same run.
#   bench/experiments.sh [--million]        with it also the search over 1 000 000 runs, which take some minutes to write
#   bench/experiments.sh --only PART        writes, searches, artifacts or million
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build bench/Experiments -c Release -v quiet --nologo -clp:NoSummary
exec dotnet bench/Experiments/bin/Release/net10.0/Experiments.Bench.dll "$@"
