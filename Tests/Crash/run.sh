#!/usr/bin/env bash
# Kills the server while it admits new pools over TLS, fifty times: bash Tests/Crash/run.sh [--rounds N] [--seed S]
# Every creation that was answered `allowed: true` must be there afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."

swift build -c release --product spiderpool-webhook 2>&1 | tail -n 1
webhook="$(swift build -c release --show-bin-path)/spiderpool-webhook"

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
"$webhook" certs issue --dir "$scratch/certs" --host localhost --host 127.0.0.1 >/dev/null
python3 Tests/Crash/crash.py --program "$webhook" --scratch "$scratch" "$@"
