#!/usr/bin/env bash
# Runs every test: bash Tests/run.sh [STAGE ...]
# Without arguments all stages run in order, and each one's own closing lines are printed. The first failure ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."

stages=(packages format debug release quickstart life abuse crash cluster)

stage_packages() { bash Tests/packages.sh test; }

stage_format() { swift format lint --strict --parallel --recursive Package.swift Sources Tests; }

stage_debug() { swift test --parallel 2>&1 | tee_quietly debug; }

stage_release() {
    swift build -c release 2>&1 | tee_quietly release-build
    swift test -c release --scratch-path .build/release-tests -Xswiftc -enable-testing 2>&1 | tee_quietly release
}

stage_quickstart() { bash manifests/quickstart.sh; }

stage_life() { bash Tests/Life/run.sh; }

stage_abuse() { bash Tests/Abuse/run.sh; }

stage_crash() { bash Tests/Crash/run.sh; }

stage_cluster() { bash Tests/Cluster/end-to-end.sh; }

# Keeps a long output in a file, and prints its end: the runner's closing lines, or the failure.
tee_quietly() {
    local log
    log="$(mktemp --suffix "-$1.log")"
    cat >"$log"
    if grep -qE 'error:|✘|failed' "$log"; then
        grep -nE 'error:|✘|failed' "$log" | head -60
    fi
    tail -n 4 "$log"
    echo "whole output: $log"
}

for stage in "${@:-${stages[@]}}"; do
    [ "$(type -t "stage_$stage")" = function ] || { echo "no stage $stage; stages: ${stages[*]}" >&2 && exit 2; }
done
for stage in "${@:-${stages[@]}}"; do
    began=$SECONDS
    echo "=== $stage"
    "stage_$stage"
    echo "=== $stage: passed in $((SECONDS - began)) s"
done
