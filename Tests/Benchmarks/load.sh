# Sourced by run.sh: loading a server and reading what it cost.
# shellcheck shell=bash

# post PORT PATH REVIEW: the answer to one request.
post() {
    curl --silent --show-error --fail --cacert "$work/tls.crt" --header 'Content-Type: application/json' \
        --data-binary "@$work/reviews/$3.json" "https://localhost:$1/$2?timeout=10s"
}

# Nanoseconds of CPU that a process, its threads and its children have used.
cpu() {
    local process files=()
    for process in "$1" $(pgrep -P "$1"); do files+=(/proc/"$process"/task/*/schedstat); done
    awk '{ sum += $1 } END { printf "%.0f\n", sum }' "${files[@]}"
}

# must_allow SERVER PATHS REVIEW: a refusal would be measured as cheaply as an answer.
must_allow() {
    local path answer
    [[ $1 == ours-* ]] || return 0
    for path in ${2//,/ }; do
        answer="$(post "${port[$1]}" "$path" "$3")" || give_up "$1 does not answer /$path for $3"
        [ "$(jq .response.allowed <<<"$answer")" = true ] || give_up "$1 refuses $3 at /$path: $answer"
    done
}

# measure NAME SERVER PROTOCOL REVIEW PATHS ROUND: appends CPU per request and requests per second to the scenario's file.
measure() {
    local name="$1" server="$2" protocol="$3" review="$4" paths="$5" round="$6" path before after output uris=() options
    for path in ${paths//,/ }; do uris+=("https://localhost:${port[$server]}/$path?timeout=10s"); done
    case "$protocol" in
    h1) options=(--h1 --clients=16) ;;
    h2) options=(--npn-list=h2 --clients=4 --max-concurrent-streams=16) ;;
    esac
    ((round > 0)) || must_allow "$server" "$paths" "$review"
    before="$(cpu "${pid[$server]}")"
    output="$(taskset -c "$client_core" h2load "${options[@]}" --requests="$requests" --data="$work/reviews/$review.json" \
        --header='Content-Type: application/json' --header='User-Agent: kube-apiserver-admission' \
        --header='Accept: application/json, */*' --tls13-ciphers=TLS_AES_128_GCM_SHA256 "${uris[@]}")"
    after="$(cpu "${pid[$server]}")"
    grep -q "status codes: $requests 2xx" <<<"$output" ||
        { echo "$output" >&2 && give_up "$server did not answer all of $name"; }
    ((round > 0)) || return 0
    echo "$(((after - before) / requests))" >>"$work/$name.cpu"
    sed -n 's/^finished in [^,]*, \([0-9.]*\) req.*/\1/p' <<<"$output" >>"$work/$name.rps"
}

# median NAME cpu|rps
median() {
    sort -n "$work/$1.$2" | awk '{ value[NR] = $1 } END { print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}
