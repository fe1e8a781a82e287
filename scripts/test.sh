#!/usr/bin/env bash
# Runs every test against real servers of its own, on free ports in temporary directories; ends with 'N passed, N failed'.
#   scripts/test.sh [OPTIONS OF THE TEST RUNNER]      as in: scripts/test.sh --filter-class MlLifecycle.Unhappy_days
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/scripts/machine.sh"

need_dotnet
need_packages postgresql rabbitmq-server chromium dataset-fashion-mnist libgomp1
cd "$here" || exit 1
say "Building"
dotnet build MlLifecycle.sln -c Release -v minimal --nologo -clp:NoSummary || fail "The build failed; the reason stands above."
passed=0
failed=0
for tests in tests/*.Tests; do
  name=$(basename "$tests")
  say "$name"
  output=$(mktemp)
  dotnet "$tests/bin/Release/net10.0/$name.dll" -noLogo -noColor "$@" 2>&1 | tee "$output"
  code=${PIPESTATUS[0]}
  # The runner's last words: 'Total: N, Errors: N, Failed: N, Skipped: N, Not Run: N, Time: Ns'.
  counts=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$output" | tail -1 | grep -oE '[0-9]+' | tr '\n' ' ')
  rm -f "$output"
  if [ -z "$counts" ]; then
    echo "$name ended with exit code $code and no summary"
    failed=$((failed + 1))
    continue
  fi
  read -r total errors failures skipped not_run <<<"$counts"
  failed=$((failed + failures + errors))
  passed=$((passed + total - failures - skipped - not_run))
  [ "$code" -eq 0 ] || [ $((failures + errors)) -gt 0 ] || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
