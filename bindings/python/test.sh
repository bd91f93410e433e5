#!/usr/bin/env bash
# Builds the wheel, installs it into an environment of its own and tests it there: pytest, mypy, stubtest, and the
# FastAPI example. `CLAWC` may name a `clawc` to compare with; otherwise it is built. `CLAW_PROFILE=release` tests the wheel
# that is shipped.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export CLAW_PROFILE="${CLAW_PROFILE:-dev}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# One folder for both workspaces: they need mostly the same crates.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
if [ -z "${CLAWC:-}" ]; then
  (cd "$root" && cargo build -q --locked -p clawc)
  CLAWC="$CARGO_TARGET_DIR/debug/clawc"
fi
export CLAWC

"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'maturin>=1.10,<2' pytest mypy
PATH="$work/venv/bin:$PATH" "$here/build.sh" "$work/dist"
wheel="$(echo "$work"/dist/claw_policy-*.whl)"
"$work/venv/bin/pip" install -q --disable-pip-version-check "$wheel"

(cd "$here" && cargo fmt --check)
# Away from the source folder: what is tested is the installed package.
cp -r "$here/tests" "$work/tests"
cd "$work"
CLAW_EXAMPLES="$root/examples" venv/bin/python -m pytest -q -p no:cacheprovider tests "$@"
venv/bin/python -m mypy --strict --python-executable venv/bin/python tests/typed.py
venv/bin/python -m mypy.stubtest claw

CLAW_WHEEL="$wheel" "$root/examples/fastapi-gateway/test.sh"
