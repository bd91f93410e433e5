#!/usr/bin/env bash
# Builds the wheel: `bindings/python/build.sh [FOLDER]`, into `dist` here unless a folder is named.
# `CLAW_PROFILE=dev` builds one for tests, in less time. Needs Python 3.10 or later; maturin is fetched into an environment of
# its own where it is not installed.
set -euo pipefail
out="$(mkdir -p "${1:-$(dirname "$0")/dist}" && cd "${1:-$(dirname "$0")/dist}" && pwd)"
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
if command -v maturin >/dev/null; then
  maturin=maturin
else
  tools="$(mktemp -d)"
  trap 'rm -rf "$tools"' EXIT
  "$python" -m venv "$tools"
  "$tools/bin/pip" install -q --disable-pip-version-check 'maturin>=1.10,<2'
  maturin="$tools/bin/maturin"
fi
# A wheel that is left from another version would be picked up by whoever installs `*.whl`.
rm -f "$out"/claw_policy-*.whl
profile=(--release)
[ "${CLAW_PROFILE:-release}" = dev ] && profile=()
"$maturin" build "${profile[@]}" --locked --out "$out"
