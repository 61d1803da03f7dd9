#!/usr/bin/env bash
# Measures what addresses cost where Pods are created: Pods per second through a real kube-apiserver.
#
#   bash Tests/Benchmarks/pods.sh [--check] [--rounds N] [--server PROGRAM]
#
# The same requests, by 32 clients, without webhooks; with a webhook that only says yes to both calls (our server with
# --no-pods); and with addresses reserved and durably bound: 500 Pods on one pool of 500, and 1,000 Pods on 100 pools of 10, of
# which each namespace has one. Rounds are interleaved and medians count. Prints a table with ratios, budgets, PASS or FAIL, and the
# writes of pools' statuses for each Pod; then what a Pod costs each program, in milliseconds of CPU. With --check a missed budget
# makes the exit code 1; 2 means that nothing was measured.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
repository="$(cd "$here/../.." && pwd)"
check=0 rounds=3 program=

while (($#)); do
    case "$1" in
    --check) check=1 ;;
    --rounds) rounds="${2:?}" && shift ;;
    --server) program="${2:?}" && shift ;;
    *) sed -n '2,5p' "$0" | cut -c3- >&2 && exit 2 ;;
    esac
    shift
done

give_up() {
    echo "pods: $1" >&2
    exit 2
}

bash "$repository/Tests/packages.sh" test
[ -n "$program" ] || program="$(bash "$repository/Tests/release.sh")" || give_up "the server does not build"
work="$(mktemp -d)"
pids=()
finish() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    bash "$repository/Tests/Cluster/stop.sh" "$work/cluster" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 2' INT TERM

# start_server NAME: the server of that name alone, so that no other one watches; its addresses are in $work/NAME.json.
start_server() {
    local name="$1" tries=0 flags=()
    stop_server
    [ "$name" != none ] || return 0
    [ "$name" = ours ] || flags=(--no-pods)
    "$program" serve --kubeconfig "$work/cluster/kubeconfig.spiderpool.spiderpool-controller" --listen 127.0.0.1:0 \
        --health-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --tls-cert "$work/certs/tls.crt" \
        --tls-key "$work/certs/tls.key" --ready-file "$work/$name.json" --shutdown-delay 0s "${flags[@]}" 2>"$work/$name.log" &
    pids+=("$!")
    until [ -s "$work/$name.json" ]; do
        ((++tries < 300)) || { tail -5 "$work/$name.log" >&2 && give_up "$name does not get ready"; }
        sleep 0.1
    done
}

stop_server() {
    ((${#pids[@]} == 0)) || { kill "${pids[@]}" && wait "${pids[@]}" || true; }
    pids=()
    rm -f "$work"/{yes,ours}.json
}

# register NAME: the API server asks this server about Pods; none for no server.
register() {
    "$KUBECTL" delete mutatingwebhookconfigurations,validatingwebhookconfigurations --all >/dev/null
    if [ "$1" != none ]; then
        local bundle url
        bundle="$(base64 -w 0 "$work/certs/ca.crt")"
        url="https://$(jq -r .webhook "$work/$1.json")"
        "$KUBECTL" create --dry-run=client --validate=false -o json -f "$repository/manifests/webhooks.yaml" |
            jq --arg bundle "$bundle" --arg url "$url" \
                '(.items[]? // .) | (.webhooks[].clientConfig) |= {url: ($url + .service.path), caBundle: $bundle}' |
            "$KUBECTL" apply -f - >/dev/null
    fi
    sleep 2 # the API server learns of it by a watch
}

# pools COUNT SIZE: so many pools, and a namespace for each.
pools() {
    local index
    for ((index = 0; index < $1; index++)); do
        printf 'apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {name: pool-%d-%d}\n' "$1" "$index"
        printf 'spec: {ipVersion: 4, subnet: 10.%d.0.0/16, ips: [10.%d.%d.0-10.%d.%d.%d]}\n---\n' \
            "$1" "$1" "$index" "$1" "$((index + ($2 - 1) / 256))" "$((($2 - 1) % 256))"
        printf 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns-%d-%d\n  annotations:\n' "$1" "$index"
        printf "    ipam.spidernet.io/default-ipv4-ippool: '[\"pool-%d-%d\"]'\n---\n" "$1" "$index"
    done | "$KUBECTL" apply -f - >/dev/null
}

writes() {
    curl --silent "http://$(jq -r .metrics "$work/ours.json")/metrics" |
        awk '/^spiderpool_webhook_status_writes_total/ { sum += $2 } END { print sum + 0 }'
}

# cpu PID: the CPU time that a process has used, in clock ticks; 0 for no process.
cpu() { [ -z "$1" ] && echo 0 || sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# costs: the CPU time of the API server, etcd and our server.
costs() { echo "$(cpu "$APISERVER_PID") $(cpu "$ETCD_PID") $(cpu "${pids[0]:-}")"; }

# create POOLS PODS: 32 clients at once, each with a run of its own of the namespaces, so that each gets as many Pods. Prints
# Pods per second.
create() {
    local count="$1" pods="$2" client first=0 share index uris began status=0 jobs=()
    began="$(date +%s%N)"
    for ((client = 0; client < 32; client++)); do
        share=$((pods * (client + 1) / 32 - first))
        uris=()
        for ((index = first; index < first + share; index++)); do
            uris+=("$APISERVER_URL/api/v1/namespaces/ns-$count-$((index % count))/pods")
        done
        first=$((first + share))
        h2load --h1 --clients=1 --requests="$share" --data="$work/pod.$client.json" --header='Content-Type: application/json' \
            --header="Authorization: Bearer $token" "${uris[@]}" >"$work/load.$client" 2>&1 &
        jobs+=("$!")
    done
    wait "${jobs[@]}" || status=$?
    awk -v n="$pods" -v a="$began" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f\n", n / ((b - a) / 1e9) }'
    return "$status"
}

# measure NAME SERVER POOLS PODS ROUND: creates the Pods, notes how many a second, and removes them.
measure() {
    local name="$1" server="$2" count="$3" pods="$4" round="$5" index before rate spent
    start_server "$server"
    register "$server"
    before=0
    [ "$server" != ours ] || before="$(writes)"
    spent="$(costs)"
    rate="$(create "$count" "$pods")"
    spent="$spent $(costs)"
    [ "$(sed -n 's/^status codes: \([0-9]*\) 2xx.*/\1/p' "$work"/load.* | awk "{ sum += \$1 } END { print sum }")" = "$pods" ] ||
        { grep -h 'status codes' "$work"/load.* | sort | uniq -c >&2 && give_up "not all Pods of $name were created"; }
    if ((round > 0)); then
        echo "$rate" >>"$work/$name.rps"
        awk -v n="$pods" -v ticks="$(getconf CLK_TCK)" -v file="$work/$name" 'BEGIN { split("apiserver etcd server", who) }
            { for (i = 1; i <= 3; i++) print ($(i + 3) - $i) * 1000 / ticks / n >>(file "." who[i]) }' <<<"$spent"
        [ "$server" != ours ] || awk -v a="$before" -v b="$(writes)" -v n="$pods" 'BEGIN { print (b - a) / n }' >>"$work/$name.writes"
    fi
    for ((index = 0; index < count; index++)); do
        curl --silent --insecure --request DELETE --header "Authorization: Bearer $token" \
            "$APISERVER_URL/api/v1/namespaces/ns-$count-$index/pods?gracePeriodSeconds=0" >/dev/null
    done
    [ "$server" = ours ] || return 0
    for ((index = 0; index < 600; index++)); do
        "$KUBECTL" get sp -o json | jq -e '[.items[].status.allocatedIPCount // 0] | add == 0' >/dev/null && return
        sleep 0.2
    done
    give_up "the addresses of $name did not come back"
}

median() { sort -n "$work/$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

misses=0
# row TEXT NAME BUDGET: ours beside the webhook that says yes.
row() {
    local line
    line="$(awk -v none="$(median "none-$2.rps")" -v yes="$(median "yes-$2.rps")" -v ours="$(median "ours-$2.rps")" \
        -v writes="$(median "ours-$2.writes")" -v text="$1" -v budget="$3" 'BEGIN {
            printf "%-28s %9.0f %9.0f %9.0f %7.2f  ≥ %.2f  0.90 %11.3f  %s\n", text, none, yes, ours, ours / yes, budget, writes,
                (ours / yes >= budget) ? "PASS" : "FAIL" }')"
    echo "$line"
    [[ $line != *FAIL ]] || misses=$((misses + 1))
}

bash "$repository/Tests/Cluster/start.sh" "$work/cluster" --service-account=spiderpool/spiderpool-controller >/dev/null
# shellcheck source=/dev/null
. "$work/cluster/env"
token="$(sed -n 's/^ *token: //p' "$KUBECONFIG")"
for path in namespace.yaml crds rbac.yaml; do "$KUBECTL" apply -f "$repository/manifests/$path" >/dev/null; done
"$KUBECTL" wait --for=condition=Established --timeout=30s crd --all >/dev/null
"$program" certs issue --dir "$work/certs" --host 127.0.0.1 >/dev/null
# Each client has names of its own: the API server refuses one that it has generated before, which is one of 100 runs otherwise.
for ((client = 0; client < 32; client++)); do
    cat >"$work/pod.$client.json" <<JSON
{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-$client-","labels":{"app":"web"}},
 "spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"busybox"}]}}
JSON
done
pools 1 500
pools 100 10
for ((round = 0; round <= rounds; round++)); do # round 0 warms up and does not count
    for server in none yes ours; do
        measure "$server-one" "$server" 1 500 "$round"
        measure "$server-many" "$server" 100 1000 "$round"
    done
done
printf '%-28s %9s %9s %9s %7s %7s %5s %11s\n' "Pods per second" none yes ours ratio budget aim "writes/Pod"
row "one pool of 500" one 0.6
row "100 pools of 10" many 0.45
printf '\n%-28s %-9s %9s %9s %9s\n' "CPU ms per Pod" "" none yes ours
for name in one many; do
    for program in apiserver etcd server; do
        printf '%-28s %-9s %9.2f %9.2f %9.2f\n' "$([ "$name" = one ] && echo "one pool of 500" || echo "100 pools of 10")" \
            "$program" "$(median "none-$name.$program")" "$(median "yes-$name.$program")" "$(median "ours-$name.$program")"
    done
done
((check && misses)) && exit 1
exit 0
