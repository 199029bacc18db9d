#!/usr/bin/env bash
# Calls Frontdesk's bench profile and other runtimes with the same caller, and prints one JSON line
# for each and a table of all. See bench/peers/README.md.
#
#   scripts/bench-peers.sh [calls…]     (1 10)
set -euo pipefail

script=bench-peers
# shellcheck source=scripts/lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$root"
if [ $# -eq 0 ]; then set -- 1 10; fi
target=${CARGO_TARGET_DIR:-$root/target}
peers=$cache/peers
secret=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
port=7980
url=ws://127.0.0.1:$port
scratch=$(mktemp -d)
chmod 755 "$scratch"
children=()
# shellcheck disable=SC2317,SC2329 # called by the trap
clean_up() {
    local child
    for child in "${children[@]}"; do kill -KILL "$child" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT

have python3 flite sox pstree curl || die "python3, flite, sox, pstree and curl are needed" "apt-get install python3-venv flite sox psmisc curl"
if [ ! -x "$peers/bin/python" ]; then
    say "installing the Python runtimes into $peers (once)"
    python3 -m venv "$peers"
    "$peers/bin/pip" install --quiet livekit==1.1.21 livekit-api==1.2.2 numpy \
        livekit-agents==1.8.9 livekit-plugins-silero 'pipecat-ai[livekit,silero]==1.14.0'
fi
python=$peers/bin/python
cargo build --locked --release -p frontdesk

flite -voice slt -t "I would like to book an appointment with a cardiologist tomorrow morning please" \
    -o "$scratch/speech.wav"
sox "$scratch/speech.wav" -r 16000 -c 1 "$scratch/say.wav"
cat >"$scratch/livekit.yaml" <<YAML
port: $port
bind_addresses: ['127.0.0.1']
keys: {devkey: $secret}
rtc:
  udp_port: 7982
  tcp_port: 0
  allow_tcp_fallback: false
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  ips: {includes: ['127.0.0.1/32']}
  stun_servers: ['127.0.0.1:$port']
logging: {level: warn, pion_level: error}
YAML
"${LIVEKIT_SERVER_BIN:-$root/.tools/bin/livekit-server}" --config "$scratch/livekit.yaml" \
    >"$scratch/livekit.log" 2>&1 &
children+=($!)

# place NAME PID CALLS [ARGUMENT…]
place() {
    local name=$1 pid=$2 calls=$3
    shift 3
    {
        printf '%-16s ' "$name"
        "$python" bench/peers/call_bench.py --url "$url" --secret "$secret" \
            --wav "$scratch/say.wav" --calls "$calls" --turns 3 --barge --pid "$pid" "$@" \
            2>"$scratch/$name.log" || printf 'failed: %s\n' "$(tail -n 1 "$scratch/$name.log")"
    } | tee -a "$scratch/peers.out"
}

# ended PID: stops an agent and its children. Some wait for calls that are over: not for long.
ended() {
    local all
    all=$(pstree -p "$1" | grep -o '([0-9]*)' | tr -d '()') || return 0
    # shellcheck disable=SC2086 # a list
    kill $all 2>/dev/null || true
    for _ in $(seq 50); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    # shellcheck disable=SC2086
    kill -KILL $all 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

say "$(nproc) cores shared by server, callers and agents; commit $(git rev-parse --short HEAD)"
for calls in "$@"; do
    rooms=()
    for ((i = 0; i < calls; i++)); do rooms+=("floor$calls-$i"); done
    "$python" bench/peers/null_agent.py "${rooms[@]}" --url "$url" --secret "$secret" \
        >"$scratch/null.log" 2>&1 &
    agent=$!
    children+=("$agent")
    sleep 5
    place "null" "$agent" "$calls" --prefix floor --tag "$calls"
    ended "$agent"

    LIVEKIT_URL=$url LIVEKIT_API_KEY=devkey LIVEKIT_API_SECRET=$secret \
        FRONTDESK_DATA_DIR=$scratch/data FRONTDESK_LISTEN=127.0.0.1:7988 \
        FRONTDESK_MAX_CALLS=$((calls + 10)) FRONTDESK_DRAIN_SECONDS=1 \
        "$target/release/frontdesk" serve --profile bench >"$scratch/frontdesk.out" 2>&1 &
    agent=$!
    children+=("$agent")
    until curl --silent --fail --output /dev/null http://127.0.0.1:7988/readyz; do sleep 0.2; done
    place "frontdesk" "$agent" "$calls" --agent frontdesk
    ended "$agent"

    LIVEKIT_URL=$url LIVEKIT_API_KEY=devkey LIVEKIT_API_SECRET=$secret \
        "$python" bench/peers/livekit_agents_stub.py start >"$scratch/livekit-agents.out" 2>&1 &
    agent=$!
    children+=("$agent")
    sleep 20
    place "livekit-agents" "$agent" "$calls"
    ended "$agent"

    # One process per room, started by one shell that is measured with its children.
    bash -c 'for ((i = 0; i < $1; i++)); do "$2" bench/peers/pipecat_stub.py "$3" "$4" "pipe$1-$i" & done; wait' \
        _ "$calls" "$python" "$url" "$secret" >"$scratch/pipecat.out" 2>&1 &
    agent=$!
    children+=("$agent")
    sleep $((15 + 4 * calls))
    place "pipecat" "$agent" "$calls" --prefix pipe --tag "$calls"
    ended "$agent"
done
printf '\n'
python3 scripts/bench-table.py "$scratch"
