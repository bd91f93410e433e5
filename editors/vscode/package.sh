#!/bin/sh
# Builds claw.vsix, the extension as it is installed: `code --install-extension claw.vsix`.
set -e
cd "$(dirname "$0")"
cp ../../LICENSE-MIT LICENSE
npm ci
npm run package
