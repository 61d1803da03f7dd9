#!/usr/bin/env bash
# From a fresh Debian 12 machine with Swift to answered reviews: installs what is missing, builds the release, makes
# certificates, serves on the embedded store with the example pool and subnets, and sends it recorded
# AdmissionReviews over TLS, by HTTP/1.1 and by HTTP/2. Prints each question and its answer.
#
#   bash manifests/quickstart.sh          asks, prints, stops the server
#   bash manifests/quickstart.sh --keep   leaves the server running on its usual ports and says how to talk to it
set -euo pipefail
cd "$(dirname "$0")/.."

keep=no
case "${1:-}" in
"") ;;
--keep) keep=yes ;;
*) echo "usage: quickstart.sh [--keep]" >&2 && exit 2 ;;
esac

bash Tests/packages.sh build
echo "building the release (the first time takes some minutes)"
webhook="$(bash Tests/release.sh)"

"$webhook" certs issue --dir certs --host localhost --host 127.0.0.1

state="$(mktemp -d)"
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server"; } || true
    rm -rf "$state"
}
trap finish EXIT
mkdir "$state/store"
cp manifests/examples/{custom-ipv4-ippool,subnets,reserved-ip}.yaml "$state/store"

ports=(--listen 127.0.0.1:0 --health-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0)
[ "$keep" = no ] || ports=(--listen 127.0.0.1:5722 --health-listen 127.0.0.1:5720 --metrics-listen 127.0.0.1:5721)
"$webhook" serve --store "$state/store" --tls-cert certs/tls.crt --tls-key certs/tls.key --shutdown-delay 0s \
    --ready-file "$state/ready" "${ports[@]}" 2>"$state/log" &
server=$!
for _ in $(seq 100); do
    [ ! -s "$state/ready" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -s "$state/ready" ] || { cat "$state/log" >&2 && exit 1; }
address="$(jq -r .webhook "$state/ready")"
echo "serving on https://$address with the pool, subnets and reserved addresses of manifests/examples"

# ask PROTOCOL PHASE REVIEW [CHANGE]: sends a recorded review, changed by a jq program, and prints question and answer.
ask() {
    local protocol="$1" phase="$2" review answer
    review="$(jq --compact-output "${4:-.}" "$3")"
    echo
    jq --raw-output --arg protocol "$protocol" --arg phase "$phase" '.request |
        ([.namespace, .name // .object.metadata.generateName] | map(select(. != null and . != "")) | join("/")) as $name |
        "── \(.operation) \(.kind.kind) \($name): /\($phase) over \($protocol)",
        (.object.spec | select(has("subnet") or has("ips")) | "   spec       \(tojson)"),
        ([.object | .. | objects | .annotations? | objects | .["ipam.spidernet.io/ippool-ip-number"] | strings] |
            unique[] | "   ip number  \(tojson)")' <<<"$review"
    answer="$(curl --silent --show-error --fail-with-body "--$protocol" --cacert certs/ca.crt \
        --header 'Content-Type: application/json' --data-binary @- "https://$address/$phase?timeout=10s" <<<"$review")"
    jq --raw-output '.response |
        "   allowed    \(.allowed)",
        (.patch | strings | @base64d | fromjson[] | "   patch      \(tojson)"),
        (.warnings[]? | "   warning    \(.)"),
        (.status | select(.code) | "   status     \(.code) \(.reason)",
            if .details.causes then .details.causes[] | "   cause      \(.field): \(.message)" else "   message    \(.message)" end)
        ' <<<"$answer"
}

reviews=Tests/Fixtures/reviews
pool="$reviews/v1.20/validate-spiderippool-create.json"
named() { echo ".request.name = \"$1\" | .request.object.metadata.name = \"$1\" | .request.object.spec += $2"; }
number='["ipam.spidernet.io/ippool-ip-number"] = "+5"'

ask http1.1 mutate "$reviews/v1.20/mutate-spiderippool-create.json"
ask http1.1 validate "$pool" "$(named fresh '{ipVersion: 4, ips: ["172.18.41.60-172.18.41.69"]}')"
ask http2 validate "$pool" "$(named taken '{ipVersion: 4, ips: ["172.18.41.45-172.18.41.65"]}')"
ask http2 validate "$pool" "$(named wrong '{ipVersion: 4, ips: ["10.7.0.1"], gateway: "10.9.0.1"}')"
ask http2 mutate "$reviews/v1.20/mutate-spidersubnet-create.json"
ask http1.1 validate "$reviews/v1.36/validate-cloneset-create.json"
ask http1.1 validate "$reviews/v1.36/validate-cloneset-create.json" \
    ".request.object.spec.template.metadata.annotations$number"
ask http2 mutate "$reviews/v1.36/mutate-pod-of-cloneset-create.json" ".request.object.metadata.annotations$number"
ask http2 validate "$reviews/v1.36/validate-deployment-create.json" \
    ".request.object.spec.template.metadata.annotations$number"

echo
if [ "$keep" = yes ]; then
    trap - EXIT
    cat <<END
The server goes on as process $server; its state and its log are in $state.
  curl --cacert certs/ca.crt --header 'Content-Type: application/json' --data-binary @$pool https://$address/validate
  curl 'http://127.0.0.1:5720/readyz?verbose'
  curl http://127.0.0.1:5721/metrics
  kill $server
END
else
    echo "All answered. With --keep the server stays, to be asked more."
fi
