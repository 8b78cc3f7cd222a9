#!/usr/bin/env bash
# Removes what was made here: containers, volumes and networks of ours, sandboxes'
# folders, caches, the virtualenv, what the demo wrote. With --images also the images
# that we built. Stored files and the database of a server stay: they are data.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly ASK_SECONDS=10
readonly SANDBOXES=label=dev.cellblock.sandbox
readonly BENCH=label=dev.cellblock.bench  # what the service is compared with
readonly IMAGES=label=dev.cellblock.image

answers() { command -v docker >/dev/null && timeout "$ASK_SECONDS" docker version >/dev/null 2>&1; }

remove_sandboxes() {
    docker ps --all --quiet --filter "$SANDBOXES" | xargs -r docker rm --force --volumes >/dev/null
    docker ps --all --quiet --filter "$BENCH" | xargs -r docker rm --force --volumes >/dev/null
    docker volume ls --quiet --filter "$SANDBOXES" | xargs -r docker volume rm >/dev/null
    docker network ls --quiet --filter "$SANDBOXES" | xargs -r docker network rm >/dev/null
}

# Tagged ones first; then what builds left behind, and nobody else's.
remove_images() {
    docker images --filter "$IMAGES" --format '{{.Repository}}:{{.Tag}}' | { grep -v '<none>' || true; } |
        xargs -r docker rmi --force >/dev/null
    docker image prune --force --filter "$IMAGES" >/dev/null
}

list_what_is_left() {
    docker ps --all --filter "$SANDBOXES" --format 'container {{.Names}}'
    docker ps --all --filter "$BENCH" --format 'container {{.Names}}'
    docker volume ls --filter "$SANDBOXES" --format 'volume {{.Name}}'
    docker network ls --filter "$SANDBOXES" --format 'network {{.Name}}'
    docker images --filter "$IMAGES" --format 'image {{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'
}

state="${XDG_STATE_HOME:-$HOME/.local/state}/cellblock"
if answers; then
    remove_sandboxes
    if [ "${1:-}" = --images ]; then remove_images; fi
fi
rm -rf "$state/run" .cache .venv .venv-bench .venv-moto out build dist \
    .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

if answers; then
    left=$(list_what_is_left)
    echo "On the Docker engine: ${left:-nothing of ours is left.}"
    case $left in *"image "*) echo "The images go with: make clean IMAGES=1" ;; esac
else
    echo "No Docker engine answers: containers and images of ours on it, if any, stay."
fi
left=$(git status --short --ignored 2>/dev/null | grep '^!!' || true)
echo "In this folder: ${left:-nothing but the sources is left.}"
if [ -e "$state" ]; then echo "A server's data stays in $state."; fi
