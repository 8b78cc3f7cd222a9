#!/usr/bin/env bash
# Removes what was made here: containers and volumes of ours, sandboxes' folders, caches,
# the virtualenv. With --images also the images that we built. Stored files and the
# database of a server stay: they are data.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v docker >/dev/null && docker version >/dev/null 2>&1; then
    docker ps --all --quiet --filter label=dev.cellblock.sandbox | xargs -r docker rm --force --volumes >/dev/null
    docker volume ls --quiet --filter label=dev.cellblock.sandbox | xargs -r docker volume rm >/dev/null
    if [ "${1:-}" = --images ]; then
        docker images --all --quiet --filter label=dev.cellblock.image | sort -u | xargs -r docker rmi --force >/dev/null
        docker image prune --force >/dev/null
    fi
else
    echo "No Docker engine answers: its containers and images, if any, stay." >&2
fi
state="${XDG_STATE_HOME:-$HOME/.local/state}/cellblock"
rm -rf "$state/run" .cache .venv out build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
if [ -e "$state" ]; then echo "A server's data stays in $state."; fi
