# What the scripts of this folder share. Sourced, never run.
#
# Everything built or unpacked lives in one cache folder outside the checkout, keyed by the version of Debian's source
# package, so that only a new machine (or a new Debian version) pays for the build.

cluster_scripts="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cluster_cache_root="${XDG_CACHE_HOME:-$HOME/.cache}/spiderpool-webhook"

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Prints the version of the kubernetes source package that apt would fetch now; nothing if deb-src is not configured.
kubernetes_source_version() {
    apt-cache showsrc --only-source kubernetes 2>/dev/null | sed -n 's/^Version: //p' | sort -V | tail -n 1
}

# Prints the folder that holds the binaries. Dies if apt cannot name the version, which install.sh sees to.
cluster_cache() {
    local version
    version="$(kubernetes_source_version)"
    [ -n "$version" ] || die "apt knows no source package kubernetes; run $cluster_scripts/install.sh first"
    printf '%s/kubernetes-%s\n' "$cluster_cache_root" "$version"
}

# run_as_root COMMAND...: directly as root, by sudo otherwise.
run_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# free_port NAME: sets the variable NAME to a port on 127.0.0.1 that nobody listens on. The range lies below the one
# Linux takes outgoing ports from, so no connection of another process can take the port before its server does.
free_port() {
    local candidate
    while :; do
        candidate=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        [[ " ${free_ports_given:-} " == *" $candidate "* ]] && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null && continue
        free_ports_given="${free_ports_given:-} $candidate"
        printf -v "$1" '%s' "$candidate"
        return
    done
}

# launch DIR NAME: starts the command kept in DIR/commands/NAME in the background, its output appended to
# DIR/logs/NAME.log and its process id in DIR/pids/NAME.
launch() {
    local dir="$1" name="$2" command pid
    command="$(cat "$dir/commands/$name")"
    eval "exec setsid $command" >>"$dir/logs/$name.log" 2>&1 </dev/null &
    pid=$!
    printf '%s\n' "$pid" >"$dir/pids/$name"
    disown "$pid"
    # Until the shell has become the program, is_running would take it for somebody else's process.
    while [[ "$(readlink "/proc/$pid/exe")" == */@(bash|setsid) ]]; do sleep 0.01; done
}

# is_running DIR NAME: whether the process recorded for NAME lives and still is that program (a process id may have
# been given to another since).
is_running() {
    local dir="$1" name="$2" pid
    pid="$(cat "$dir/pids/$name" 2>/dev/null)" || return 1
    [ "$(basename "$(readlink "/proc/$pid/exe" 2>/dev/null)" 2>/dev/null)" = "$name" ]
}

# halt DIR NAME [SIGNAL]: signals the recorded process (TERM unless told), waits until it is gone, and kills it after
# ten seconds. Silent if it does not run.
halt() {
    local dir="$1" name="$2" signal="${3:-TERM}" pid tries
    if is_running "$dir" "$name"; then
        pid="$(cat "$dir/pids/$name")"
        kill "-$signal" "$pid" 2>/dev/null || true
        for ((tries = 0; tries < 200; tries++)); do
            is_running "$dir" "$name" || break
            sleep 0.05
        done
        if is_running "$dir" "$name"; then
            say "$name did not stop in 10 s and is killed"
            kill -KILL "$pid" 2>/dev/null || true
            while is_running "$dir" "$name"; do sleep 0.05; done
        fi
    fi
    rm -f "$dir/pids/$name"
}

# wait_until_healthy DIR NAME URL SECONDS [CURL-ARGUMENT...]: until URL answers 200. Fails with the end of the log when
# the process dies or the time is over.
wait_until_healthy() {
    local dir="$1" name="$2" url="$3" seconds="$4" deadline
    shift 4
    deadline=$((SECONDS + seconds))
    until curl --silent --fail --max-time 2 --output /dev/null "$@" "$url"; do
        if ! is_running "$dir" "$name"; then
            tail -n 15 "$dir/logs/$name.log" >&2
            die "$name ended during start-up; its log is $dir/logs/$name.log"
        fi
        if ((SECONDS >= deadline)); then
            tail -n 15 "$dir/logs/$name.log" >&2
            die "$name was not ready after $seconds s; its log is $dir/logs/$name.log"
        fi
        sleep 0.1
    done
}
