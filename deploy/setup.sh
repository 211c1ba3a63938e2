#!/bin/sh
# Make the virtual environment: `deploy/setup.sh run` (what the pipeline needs) or `deploy/setup.sh test`.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}
say() { printf '[set-up] %s\n' "$*"; }
fail() { printf '[set-up] %s\n' "$*" >&2; exit 1; }

python=""
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or newer is missing. Install it (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.11), or name one: make PYTHON=/path/to/python3.11"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  fail "Python's venv module is missing. Install it (Debian: apt-get install python3-venv)."

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if [ -z "${KAFKA_BOOTSTRAP_SERVERS:-}" ]; then
  version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1) || true
  [ "${version:-0}" -ge 17 ] 2>/dev/null ||
    fail "Java 17 or newer is missing; the embedded Kafka runs on it. Install it (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17), or point KAFKA_BOOTSTRAP_SERVERS at a cluster."
  cache=${STORESTREAM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/storestream}
  [ -d "$cache" ] || command -v mvn >/dev/null 2>&1 ||
    fail "Maven is missing; it fetches Kafka's jars once. Install it (Debian: apt-get install maven; macOS: brew install maven)."
fi

[ -x .venv/bin/python ] || {
  say "making .venv with $("$python" --version)"
  "$python" -m venv .venv
}
say "installing $(grep -c '==' "requirements/$kind.txt") pinned, hashed packages into .venv (a minute the first time)"
.venv/bin/python -m pip install --disable-pip-version-check --require-hashes --progress-bar on --quiet -r "requirements/$kind.txt" ||
  fail "pip could not install the packages (its own words stand above). Is a package index within reach?"
PYTHONWARNINGS=ignore .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e . ||
  fail "pip could not install storestream itself (its own words stand above)."
[ "$kind" = test ] && touch .venv/.test
touch .venv/.run
say "ready"
