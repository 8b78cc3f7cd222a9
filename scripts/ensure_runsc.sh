#!/usr/bin/env bash
# Makes sure that the Docker engine has gVisor's runtime, `runsc`. Changes an engine only if
# ensure_engine.sh started it here and we are root; of any other it says what to add.
#
# Exit code 0 if the engine has the runtime, 3 if it does not and is not ours to change,
# 1 if something failed.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly NOT_OURS=3
readonly RELOAD_SECONDS=10 # for the engine to have read its file again
readonly PID_FILE=/var/run/docker.pid
readonly FILE=/etc/docker/daemon.json
# --network=none: no network stack is set up, which needs rights that a plain container host may
# not give. --host-uds=all: the socket that the agent makes can be reached from the host.
# --platform=ptrace: works in virtual machines; `kvm` needs /dev/kvm, and newer releases have
# `systrap`, which is faster.
readonly ARGUMENTS=(--platform=ptrace --network=none --host-uds=all)

has_runtime() { docker info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}' 2>/dev/null | grep -qw runsc; }

# The engine of this machine that ensure_engine.sh started: nobody else's writes to that log.
is_ours() {
    if [ "$(id -u)" != 0 ] || [ -n "${DOCKER_HOST:-}${DOCKER_CONTEXT:-}" ]; then return 1; fi
    case $(readlink "/proc/$(cat "$PID_FILE" 2>/dev/null)/fd/1" 2>/dev/null) in
        */.cache/dockerd.log) return 0 ;;
        *) return 1 ;;
    esac
}

say_what_to_do() {
    local quoted
    quoted=$(printf '"%s", ' "${ARGUMENTS[@]}")
    cat >&2 <<END
The Docker engine has no runtime 'runsc', and it is not ours to change: gVisor is not tested.
Install runsc (Debian: apt install runsc), add this to $FILE, and reload the engine
(systemctl reload docker):
    {"runtimes": {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": [${quoted%, }]}}}
END
}

install_runsc() {
    if command -v runsc >/dev/null; then return; fi
    if ! command -v apt-get >/dev/null; then
        echo "runsc is not installed, and there is no apt-get: see https://gvisor.dev/docs/user_guide/install/" >&2
        exit 1
    fi
    echo "→ installing gVisor (runsc; log: .cache/apt-runsc.log)"
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends runsc
    } >.cache/apt-runsc.log 2>&1 || {
        tail -n 20 .cache/apt-runsc.log >&2
        echo "Installing runsc failed; apt's last words are above." >&2
        exit 1
    }
}

reload_engine() {
    # Running containers stay as they are.
    kill -HUP "$(cat "$PID_FILE")"
    local end=$((SECONDS + RELOAD_SECONDS))
    until has_runtime; do
        if ((SECONDS >= end)); then
            echo "The engine did not take the runtime within $RELOAD_SECONDS s: see .cache/dockerd.log" >&2
            exit 1
        fi
        sleep 0.2
    done
}

if has_runtime; then exit 0; fi
if ! is_ours; then
    say_what_to_do
    exit "$NOT_OURS"
fi
mkdir -p .cache
install_runsc
python3 scripts/add_runtime.py "$FILE" runsc "$(command -v runsc)" "${ARGUMENTS[@]}"
reload_engine
echo "→ the Docker engine has the runtime runsc: $(runsc --version | head -n 1)"
