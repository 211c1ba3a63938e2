#!/bin/sh
# Write requirements/run.txt and requirements/test.txt anew from pyproject.toml (pinned, hashed, naming no registry). Needs `uv`.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null 2>&1 || { echo "uv is missing. Install it: pip install uv" >&2; exit 1; }
lock() {
  out=$1
  shift
  uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --quiet --extra build "$@" -o "$out"
}
lock requirements/run.txt
lock requirements/test.txt --extra test -c requirements/run.txt
