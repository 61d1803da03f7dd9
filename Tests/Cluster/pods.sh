#!/usr/bin/env bash
# The end-to-end test of Pods' addresses against a real control plane with its controllers: installs and builds what is
# missing, then runs pods_end_to_end/.
#
#   pods.sh [--binary PATH] [--only TEXT] [further arguments of pods_end_to_end]
#
# Without --binary the release build of this checkout is used.
set -euo pipefail
source "$(dirname "$0")/shared.sh"

"$cluster_scripts/build.sh" >/dev/null
if [[ " $* " != *" --binary"* ]]; then
    cd "$cluster_scripts/../.."
    set -- --binary "$(bash Tests/release.sh)" "$@"
fi
exec python3 "$cluster_scripts/pods_end_to_end" "$@"
