#!/usr/bin/env bash
# Makes sure that a Docker engine answers. Uses the one there is. Installs and starts one
# only where there is none and we are root on Debian or Ubuntu.
#
# DOCKER_HOST, DOCKER_CONTEXT and `docker context use` choose the engine, as always.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly ASK_SECONDS=10    # for an answer of an engine that may be far away
readonly START_SECONDS=30  # for a new engine to answer
readonly LOG=.cache/dockerd.log
readonly RUN=/var/run

have() { command -v "$1" >/dev/null; }

answers() { have docker && timeout "$ASK_SECONDS" docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Two lines: what is wrong, and what to do.
give_up() {
    echo "$1" >&2
    echo "$2" >&2
    exit 1
}

# Somebody chose an engine that is not the one of this machine: starting that one would not help.
refuse_if_elsewhere() {
    if [ -n "${DOCKER_HOST:-}" ]; then
        give_up "No Docker engine answers at DOCKER_HOST=$DOCKER_HOST." "Start that engine, or unset DOCKER_HOST."
    fi
    local context=${DOCKER_CONTEXT:-}
    if [ -z "$context" ] && have docker; then
        context=$(docker context inspect --format '{{.Name}}' 2>/dev/null) || context=default
    fi
    context=${context:-default}
    if [ "$context" != default ]; then
        give_up "No Docker engine answers in the docker context '$context'." \
            "Start that engine, or go back to this machine's: docker context use default"
    fi
}

is_debian() {
    local ID='' ID_LIKE=''
    if [ -r /etc/os-release ]; then . /etc/os-release; fi
    case " $ID $ID_LIKE " in *" debian "* | *" ubuntu "*) return 0 ;; *) return 1 ;; esac
}

install_engine() {
    echo "→ installing a Docker engine (docker.io, about 15 s; log: .cache/apt.log)"
    local packages=(docker.io iptables)
    {
        apt-get update -qq
        # Newer releases have the command line in a package of its own.
        if apt-cache show docker-cli >/dev/null 2>&1; then packages+=(docker-cli); fi
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
    } >.cache/apt.log 2>&1 || {
        tail -n 20 .cache/apt.log >&2
        give_up "Installing docker.io failed; apt's last words are above." "Install and start a Docker engine by hand, then try again."
    }
}

# A killed daemon leaves its pid file, and the next one refuses to start while any process,
# a zombie included, has that pid.
remove_stale_pid() { # FILE PROGRAM
    if [ ! -f "$1" ]; then return; fi
    local command
    # A process that has gone has no such file; a zombie's is empty.
    command=$({ tr '\0' ' ' <"/proc/$(cat "$1")/cmdline"; } 2>/dev/null) || command=''
    case $command in *"$2"*) ;; *) rm -f "$1" ;; esac
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        echo "→ starting the Docker engine (systemctl start docker)"
        systemctl start docker
    else
        remove_stale_pid "$RUN/docker.pid" dockerd
        remove_stale_pid "$RUN/docker/containerd/containerd.pid" containerd
        echo "→ starting the Docker engine (a few seconds; log: $LOG)"
        setsid dockerd >"$LOG" 2>&1 </dev/null &
    fi
}

wait_for_engine() {
    local end=$((SECONDS + START_SECONDS))
    until answers; do
        if ((SECONDS >= end)); then
            if [ -f "$LOG" ]; then tail -n 20 "$LOG" >&2; fi
            give_up "The Docker engine was started, but did not answer within $START_SECONDS s." \
                "Its log says why: $LOG, or with systemd: journalctl -u docker"
        fi
        sleep 0.2
    done
}

if answers; then exit 0; fi
refuse_if_elsewhere
if [ "$(id -u)" != 0 ]; then
    give_up "No Docker engine answers, and only root can install or start one." \
        "As root (Debian, Ubuntu): apt install docker.io && usermod -aG docker $(id -un); then log in again."
fi
mkdir -p .cache
if ! have dockerd || ! have docker; then
    if ! is_debian; then
        give_up "No Docker engine answers, and this is neither Debian nor Ubuntu." \
            "Install one as your distribution says (https://docs.docker.com/engine/install/), and start it."
    fi
    install_engine
fi
# Installing may have started it, or brought the command line to one that was running.
if ! answers; then
    start_engine
    wait_for_engine
fi
echo "→ the Docker engine answers: $(docker version --format '{{.Server.Version}}')"
