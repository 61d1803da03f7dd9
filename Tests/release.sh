#!/usr/bin/env bash
# Builds the release as it is deployed and prints the program's path: webhook="$(bash Tests/release.sh)"
# The Swift libraries are linked in: a third of the memory, and nothing to install beside the program but Debian's libraries.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--configuration release --static-swift-stdlib --product spiderpool-webhook)
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
swift build "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2 && exit 1; }
echo "$(swift build --configuration release --show-bin-path)/spiderpool-webhook"
