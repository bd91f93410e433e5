#!/usr/bin/env bash
# Tests the example over HTTP. Needs the package `claw-policy`; builds it unless `CLAW_WHEEL` names a wheel.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
wheel="${CLAW_WHEEL:-}"
if [ -z "$wheel" ]; then
  CLAW_PROFILE=dev "$here/../../bindings/python/build.sh" "$work/dist"
  wheel="$(echo "$work"/dist/claw_policy-*.whl)"
fi
"$work/venv/bin/pip" install -q --disable-pip-version-check "$wheel" -r "$here/requirements.txt" pytest httpx mypy
cd "$here"
PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" -m pytest -q -p no:cacheprovider tests "$@"
"$work/venv/bin/python" -m mypy --strict --cache-dir "$work/mypy" --python-executable "$work/venv/bin/python" gateway
