#!/usr/bin/env bash
# Runs every test: bash Tests/run.sh [STAGE ...]
# Without arguments all stages but crowds run in order, and each one's own closing lines are printed. The first failure ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."

stages=(packages format debug release quickstart life abuse crash client cluster pods crashes)
# A random test that failed is repeated by the seed that it printed, if dictionaries keep their order too.
export SWIFT_DETERMINISTIC_HASHING=1

# A thousand tests at once would wait for each other longer than their patience, where cores are few.
few_at_once="--experimental-maximum-parallelization-width=8"

stage_packages() { bash Tests/packages.sh test; }

stage_format() { swift format lint --strict --parallel --recursive Package.swift Sources Tests; }

stage_debug() { swift test "$few_at_once" 2>&1 | tee_quietly debug; }

stage_release() {
    bash Tests/release.sh
    swift test -c release --scratch-path .build/release-tests -Xswiftc -enable-testing "$few_at_once" 2>&1 |
        tee_quietly release
}

stage_quickstart() { bash manifests/quickstart.sh; }

stage_life() { bash Tests/Life/run.sh; }

stage_abuse() { bash Tests/Abuse/run.sh; }

stage_crash() { bash Tests/Crash/run.sh; }

# The API server's client against a real one.
stage_client() {
    local cluster status=0
    cluster="$(mktemp -d)"
    bash Tests/Cluster/start.sh "$cluster"
    SPIDERPOOL_TEST_KUBECONFIG="$cluster/kubeconfig" swift test --filter RealClusterTests 2>&1 | tee_quietly client ||
        status=$?
    bash Tests/Cluster/stop.sh "$cluster"
    return "$status"
}

stage_cluster() { bash Tests/Cluster/end-to-end.sh; }

stage_pods() { bash Tests/Cluster/pods.sh --parts admission,workloads,automatic,third_party; }

# Two replicas killed at named points of an address's way.
stage_crashes() {
    bash Tests/Cluster/pods.sh --parts crashes --rounds 60
    bash Tests/Cluster/pods.sh --parts pool_crashes --rounds 40
}

# Crowds and many crashes, which take the machine for themselves: bash Tests/run.sh crowds
stage_crowds() { bash Tests/Cluster/pods.sh --parts load,endings,crashes,pool_crashes --rounds 200; }

# Keeps a long output in a file, and prints what went wrong and the closing lines.
tee_quietly() {
    local log
    log="$(mktemp --suffix "-$1.log")"
    cat >"$log"
    grep -nE 'error:|✘' "$log" | head -60 || true
    grep -E '^(Build complete|Build of product|Executed|.* Test run with)' "$log" || tail -n 20 "$log"
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
