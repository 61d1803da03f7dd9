# Sourced by run.sh: the servers that are measured, what they hold, and what they are asked.
# shellcheck shell=bash
declare -A port pid

give_up() {
    echo "benchmark: $1" >&2
    exit 2
}

make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log" ||
        give_up "no certificate: $(tail -1 "$work/openssl.log")"
}

# write_pools COUNT DIRECTORY: manifests of so many pools of ten addresses, all in the subnet that the reviews ask for.
write_pools() {
    mkdir -p "$2"
    seq 0 "$(($1 - 1))" | awk -v directory="$2" '{
        start = $1 * 16; second = 20 + int(start / 65536); third = int(start / 256) % 256; fourth = start % 256
        printf "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata:\n  name: pool-%05d\n", $1 \
            > directory "/pools.yaml"
        printf "spec:\n  ipVersion: 4\n  subnet: 172.16.0.0/12\n  ips: [172.%d.%d.%d-172.%d.%d.%d]\n---\n",
            second, third, fourth, second, third, fourth + 9 > directory "/pools.yaml"
    }'
}

# write_reviews DIRECTORY: dry-run reviews of one new pool each, the size and shape of real ones.
write_reviews() {
    mkdir -p "$1"
    review null 172.16.0.0/12 172.18.41.40-172.18.41.44 172.18.41.46-172.18.41.50 >"$1/new.json"
    review 4 172.16.0.0/12 172.18.41.40-172.18.41.44 172.18.41.46-172.18.41.50 >"$1/pool.json"
    review 4 192.168.41.32/28 192.168.41.32-192.168.41.39 192.168.41.40-192.168.41.47 >"$1/slash28.json"
    review 6 fd00:1:2::/48 fd00:1:2::-fd00:1:2:7fff:ffff:ffff:ffff:ffff \
        fd00:1:2:8000::-fd00:1:2:ffff:ffff:ffff:ffff:ffff >"$1/slash48.json"
    review 6 fd00:1:2:3::/64 fd00:1:2:3::-fd00:1:2:3:7fff:ffff:ffff:ffff \
        fd00:1:2:3:8000::-fd00:1:2:3:ffff:ffff:ffff:ffff >"$1/slash64.json"
    review 6 ::/0 ::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
        8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff >"$1/slash0.json"
}

# review FAMILY SUBNET RANGE RANGE: the AdmissionReview that kubectl create causes for such a pool.
review() {
    jq --null-input --compact-output --argjson family "$1" --arg subnet "$2" --arg first "$3" --arg second "$4" \
        --from-file "$here/review.jq"
}

start_ours() {
    local name="ours-$1" ready="$work/ready-$1.json"
    mkdir -p "$work/store-$1"
    taskset -c "$server_core" "$program" serve --store "$work/store-$1" --loops 1 --listen 127.0.0.1:0 \
        --health-listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 --tls-cert "$work/tls.crt" --tls-key "$work/tls.key" \
        --ready-file "$ready" >"$work/$name.out" 2>"$work/$name.err" &
    pid[$name]=$!
    pids+=("$!")
    await "$name" test -s "$ready"
    port[$name]="$(jq -r .webhook "$ready" | sed 's/.*://')"
}

# await NAME COMMAND...: until the command succeeds, as long as the server lives, at most a minute.
await() {
    local name="$1" tries=0
    shift
    until "$@" 2>/dev/null; do
        kill -0 "${pid[$name]}" 2>/dev/null || { tail -5 "$work/$name.err" >&2 && give_up "$name ended"; }
        ((++tries < 600)) || give_up "$name does not get ready"
        sleep 0.1
    done
}

# A port nobody listens on now. nginx and nghttpd cannot tell which one the kernel chose for them.
free_port() {
    local candidate
    for candidate in $(shuf -i 20000-32000 -n 50); do
        ss -Hltn "sport = :$candidate" | grep -q . || { echo "$candidate" && return; }
    done
    give_up "no free port"
}

start_nginx() {
    local body
    body="$(head -c "$1" /dev/zero | tr '\0' x)"
    port[nginx]="$(free_port)"
    cat >"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.err;
events { worker_connections 1024; }
http {
  access_log $work/nginx-access.log combined buffer=64k flush=1s;
  default_type application/json;
  keepalive_requests 100000000;
  client_header_buffer_size 16k;
  client_body_temp_path $work/nginx-body;
  proxy_temp_path $work/nginx-proxy;
  fastcgi_temp_path $work/nginx-fastcgi;
  uwsgi_temp_path $work/nginx-uwsgi;
  scgi_temp_path $work/nginx-scgi;
  ssl_certificate $work/tls.crt;
  ssl_certificate_key $work/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  server {
    listen 127.0.0.1:${port[nginx]} ssl http2;
    location / { return 200 "$body"; }
  }
}
END
    taskset -c "$server_core" nginx -p "$work" -c "$work/nginx.conf" >"$work/nginx.out" 2>"$work/nginx.err" &
    pid[nginx]=$!
    pids+=("$!")
    await nginx answers nginx
}

start_nghttpd() {
    mkdir -p "$work/htdocs"
    head -c "$1" /dev/zero | tr '\0' x >"$work/htdocs/mutate"
    port[nghttpd]="$(free_port)"
    taskset -c "$server_core" nghttpd --address=127.0.0.1 --workers=1 --htdocs="$work/htdocs" \
        "${port[nghttpd]}" "$work/tls.key" "$work/tls.crt" >"$work/nghttpd.out" 2>"$work/nghttpd.err" &
    pid[nghttpd]=$!
    pids+=("$!")
    await nghttpd answers nghttpd
}

answers() { post "${port[$1]}" mutate new >/dev/null; }
