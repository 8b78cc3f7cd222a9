#!/usr/bin/env bash
# Makes sure that a Docker engine answers. Uses the one there is. Installs and starts one
# only where there is none and we are root on Debian or Ubuntu.
set -euo pipefail
cd "$(dirname "$0")/.."
log=.cache/dockerd.log
pid_file=/var/run/docker.pid

answers() { command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

give_up() {
    echo "No Docker engine answers${DOCKER_HOST:+ at $DOCKER_HOST}." >&2
    echo "$1" >&2
    exit 1
}

wait_for_engine() {
    for _ in $(seq 150); do
        if answers; then return; fi
        sleep 0.2
    done
    tail -n 20 "$log" >&2 || true
    give_up "It was started, but did not answer within 30 s; its log is $log."
}

if answers; then exit 0; fi
# Somebody chose an engine: a second one would not help.
if [ -n "${DOCKER_HOST:-}" ]; then give_up "Start that engine, or unset DOCKER_HOST."; fi
if [ "$(id -u)" != 0 ]; then
    give_up "Install and start one (Debian, Ubuntu: apt install docker.io), and join its group: usermod -aG docker $(id -un)"
fi
if ! command -v dockerd >/dev/null; then
    . /etc/os-release
    case " ${ID:-} ${ID_LIKE:-} " in
        *" debian "* | *" ubuntu "*) ;;
        *) give_up "Install one as your distribution says, and start it." ;;
    esac
    echo "→ installing a Docker engine (docker.io, about 15 s)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables >/dev/null
fi
mkdir -p .cache
if [ -d /run/systemd/system ]; then
    echo "→ starting the Docker engine (systemctl start docker)"
    systemctl start docker
elif ! answers; then
    # A killed engine leaves its pid file, and the next one refuses to start while any
    # process has that pid.
    if [ -f "$pid_file" ] && ! tr '\0' ' ' <"/proc/$(cat "$pid_file")/cmdline" 2>/dev/null | grep -q dockerd; then
        rm -f "$pid_file"
    fi
    echo "→ starting the Docker engine (log: $log)"
    setsid dockerd >"$log" 2>&1 </dev/null &
fi
wait_for_engine
echo "→ the Docker engine answers: $(docker version --format '{{.Server.Version}}')"
