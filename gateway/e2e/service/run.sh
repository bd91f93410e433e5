#!/bin/sh
# The decision service with others' programs on the other side: two AuthZEN clients, Prometheus' own parser, a validator of
# OpenAPI descriptions.
#
#   gateway/e2e/service/run.sh [CLAW_GATEWAY]
#
# Packages are kept in $CLAW_E2E_CACHE, or ~/.cache/claw-e2e. Where they can't be had, this is skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
gateway=${1:-$here/../../../target/debug/claw-gateway}
venv=${CLAW_E2E_CACHE:-$HOME/.cache/claw-e2e}/service
[ -x "$gateway" ] || { echo "skipped: build claw-gateway first, or say where it is"; exit 0; }
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    rm -rf "$venv"
    mkdir -p "$venv"
    python3 -m venv "$venv" >"$venv.log" 2>&1 && "$venv/bin/pip" install -q -r "$here/requirements.txt" >>"$venv.log" 2>&1 ||
        { rm -rf "$venv"; echo "skipped: pip can't install what is needed, see $venv.log"; exit 0; }
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" "$here/scenarios.py" "$gateway"
