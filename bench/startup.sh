#!/usr/bin/env bash
# How long the suite takes from built to all healthy, and how much memory its .NET processes hold when idle.
#   bench/startup.sh [RUNS] [IDLE_SECONDS]
# The first run begins with an empty data directory, the others find it again. Memory is the proportional set size (PSS: a page that several
# processes share counts once) and the resident set size (RSS: it counts in each), summed over all .NET processes, the AppHost included.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-3}
idle=${2:-30}
dotnet build MlLifecycle.AppHost -c Release -v quiet --nologo
data=$(mktemp -d)
chmod 711 "$data"
host=
since() { awk -v from="$1" -v to="$2" 'BEGIN {print to - from}'; }
trap 'if [ -n "$host" ]; then kill -TERM "$host" && wait "$host" || true; fi; rm -rf "$data"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo 18080)
printf '%-6s %12s %12s %12s %12s\n' run 'healthy (s)' 'PSS (MiB)' 'RSS (MiB)' 'stopped (s)'
for run in $(seq "$runs"); do
  began=$(date +%s.%N)
  dotnet MlLifecycle.AppHost/bin/Release/net10.0/MlLifecycle.AppHost.dll --data "$data/data" --port "$port" >"$data/log" 2>&1 &
  host=$!
  until curl -sf -o /dev/null "http://127.0.0.1:$port/health"; do
    kill -0 "$host" || { cat "$data/log"; exit 1; }
    sleep 0.1
  done
  healthy=$(date +%s.%N)
  sleep "$idle"
  pids="$host $(pgrep -P "$host" -x dotnet)"
  memory=$(for pid in $pids; do cat "/proc/$pid/smaps_rollup"; done | awk '/^Pss:/ {pss += $2} /^Rss:/ {rss += $2} END {printf "%12.0f %12.0f", pss / 1024, rss / 1024}')
  stopping=$(date +%s.%N)
  kill -TERM "$host"
  wait "$host" || true
  host=
  printf '%-6s %12.1f %s %12.1f\n' "$run" "$(since "$began" "$healthy")" "$memory" "$(since "$stopping" "$(date +%s.%N)")"
done
