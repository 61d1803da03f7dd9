#!/usr/bin/env bash
# Measures what a review costs our server, beside nginx and nghttpd on the same machine, in one run:
#
#   bash Tests/Benchmarks/run.sh [--check] [--rounds N] [--requests N] [--server PROGRAM]
#
# It prints a table: nanoseconds of CPU per request (user and system, all threads and processes of a server, from
# /proc/PID/task/*/schedstat), requests per second, the ratio that counts, its budget, and PASS or FAIL. The exit code is
# 0 whatever the result, because a benchmark is not a test; with --check a missed budget makes it 1. It is 2 when nothing
# can be measured, a wrong answer included.
#
# How it is fair: one certificate (P-256), TLS 1.3 with one cipher suite, one client (h2load) with the same connections and
# streams for all; each server has one worker or loop and is pinned to one core, the client to another; rounds are
# interleaved and medians count. nginx and nghttpd answer with a constant body as long as our answer to the same POST. nginx
# discards the body of the request and writes a buffered access log, as ours does its decision log; nghttpd has no log.
# Both look into nothing, so they are what transport alone costs.
#
# Every validating review is a dry run, so nothing is written while it is measured.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
repository="$(cd "$here/../.." && pwd)"
check=0 rounds=5 requests=30000 program=
server_core=0 client_core=1

usage() { sed -n '2,5p' "$0" | cut -c3- >&2 && exit 2; }

while (($#)); do
    case "$1" in
    --check) check=1 ;;
    --rounds) rounds="${2:?}" && shift ;;
    --requests) requests="${2:?}" && shift ;;
    --server) program="${2:?}" && shift ;;
    *) usage ;;
    esac
    shift
done

. "$here/servers.sh"
. "$here/load.sh"

work="$(mktemp -d /tmp/spiderpool-benchmark.XXXXXX)"
pids=()
finish() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 2' INT TERM

build() {
    [ -z "$program" ] || return 0
    bash "$repository/Tests/packages.sh" benchmark
    program="$(bash "$repository/Tests/release.sh")" || give_up "the server does not build"
}

# Servers: ours without pools, with 100, 5,000 and 10,000 of them; nginx and nghttpd.
start_all() {
    make_certificate
    for pools in 0 100 5000 10000; do
        write_pools "$pools" "$work/store-$pools"
        start_ours "$pools"
    done
    write_reviews "$work/reviews"
    answer="$(post "${port[ours-0]}" mutate new | wc -c)"
    start_nginx "$answer"
    start_nghttpd "$answer"
}

# Each line: name, server, options of h2load, review, paths. Order is that of a round.
scenarios=(
    "nginx-h1    nginx      h1 new   mutate"
    "ours-h1     ours-0     h1 new   mutate"
    "nginx-h2    nginx      h2 new   mutate"
    "nghttpd-h2  nghttpd    h2 new   mutate"
    "ours-h2     ours-0     h2 new   mutate"
    "validate-0     ours-0     h1 pool  validate"
    "validate-100   ours-100   h1 pool  validate"
    "validate-10000 ours-10000 h1 pool  validate"
    "slash-28    ours-100   h1 slash28  mutate,validate"
    "slash-48    ours-100   h1 slash48  mutate,validate"
    "slash-64    ours-100   h1 slash64  mutate,validate"
    "slash-0     ours-100   h1 slash0   mutate,validate"
)

measure_all() {
    local round line
    for ((round = 0; round <= rounds; round++)); do # round 0 warms up and does not count
        for line in "${scenarios[@]}"; do
            read -r name server protocol review paths <<<"$line"
            measure "$name" "$server" "$protocol" "$review" "$paths" "$round"
        done
        [ -t 2 ] && printf '\rround %d of %d' "$round" "$rounds" >&2
    done
    [ -t 2 ] && printf '\r' >&2
    return 0
}

misses=0

# row TEXT NUMERATOR DENOMINATOR LIMIT AIM: one line of the table, from the medians of two scenarios. Without a limit (-)
# there is no verdict.
row() {
    local text="$1" ours="$2" other="$3" limit="$4" aim="$5" verdict
    verdict="$(awk -v a="$(median "$ours" cpu)" -v b="$(median "$other" cpu)" -v limit="$limit" -v aim="$aim" -v text="$text" \
        -v rps="$(median "$ours" rps)" -v other_rps="$(median "$other" rps)" 'BEGIN {
            printf "%-34s %9.2f %9.2f %9.0f %9.0f %7.2f %7s %6s  %s\n", text, a / 1000, b / 1000, rps, other_rps, a / b,
                limit == "-" ? "-" : "≤ " limit, aim, limit == "-" ? "" : a / b <= limit + 0 ? "PASS" : "FAIL" }')"
    echo "$verdict"
    [[ $verdict != *FAIL ]] || misses=$((misses + 1))
}

report() {
    printf '%-34s %9s %9s %9s %9s %7s %7s %6s\n' \
        "what" "ours µs" "other µs" "ours /s" "other /s" "ratio" "budget" "aim"
    row "mutate, HTTP/1.1, to nginx" ours-h1 nginx-h1 1.5 1.2
    row "mutate, HTTP/2, to nginx" ours-h2 nginx-h2 0.8 -
    row "mutate, HTTP/2, to nghttpd" ours-h2 nghttpd-h2 - 2.5
    row "validate in 100 pools, to mutate" validate-100 ours-h1 1.3 -
    row "validate in 10,000, to in 100" validate-10000 validate-100 1.5 -
    row "IPv6 /48, to IPv4 /28" slash-48 slash-28 1.2 1.0
    row "IPv6 /64, to IPv4 /28" slash-64 slash-28 1.2 1.0
    row "IPv6 ::/0, to IPv4 /28" slash-0 slash-28 1.2 1.0
    memory_row 5000 40
}

memory_row() {
    local megabytes verdict
    megabytes="$(awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${pid[ours-$1]}/status")"
    verdict="$(awk -v m="$megabytes" -v limit="$2" 'BEGIN { print m <= limit ? "PASS" : "FAIL" }')"
    printf '%-34s %6s MB %44s MB         %s\n' "resident memory with $1 pools" "$megabytes" "≤ $2" "$verdict"
    [ "$verdict" = PASS ] || misses=$((misses + 1))
}

[ "$(nproc)" -ge 2 ] || give_up "two cores are needed, one for the servers and one for the client"
build
start_all
measure_all
report
((check && misses)) && exit 1
exit 0
