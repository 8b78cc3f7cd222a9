#!/bin/sh
# Says how much room each folder takes: “Größe”, in kilobytes.
set -eu

largest() {
    du -k "$1"/* 2>/dev/null | sort -rn | head -n "${2:-5}"
}

largest "${1:-.}" 3 | while read -r size name; do
    printf '%8d KB  %s\n' "$size" "$name"
done
