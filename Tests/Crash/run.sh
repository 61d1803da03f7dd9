#!/usr/bin/env bash
# Kills the server while it admits new pools over TLS, fifty times: bash Tests/Crash/run.sh [--rounds N] [--seed S]
# Every creation that was answered `allowed: true` must be there afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."

webhook="$(bash Tests/release.sh)"

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
"$webhook" certs issue --dir "$scratch/certs" --host localhost --host 127.0.0.1 >/dev/null
python3 Tests/Crash/crash.py --program "$webhook" --scratch "$scratch" "$@"
