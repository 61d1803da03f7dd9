#!/usr/bin/env bash
# Follows a server from its start to its end under load: bash Tests/Life/run.sh
# Its certificate is renewed, spoilt and mended; then it is asked to stop. No review may fail. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

webhook="$(bash Tests/release.sh)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
python3 Tests/Life/life.py --program "$webhook" --scratch "$scratch" \
    --review Tests/Fixtures/reviews/v1.20/validate-spiderippool-update-dryrun.json
