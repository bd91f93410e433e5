#!/usr/bin/env bash
# Builds the wheel, installs it into an environment of its own and tests it there: pytest, mypy, stubtest, and the
# FastAPI example. `CLAWC` may name a `clawc` to compare with; otherwise it is built.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
python="${PYTHON:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if [ -z "${CLAWC:-}" ]; then
  (cd "$root" && cargo build -q --locked -p clawc)
  CLAWC="${CARGO_TARGET_DIR:-$root/target}/debug/clawc"
fi
export CLAWC

"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'maturin>=1.10,<2' pytest mypy
PATH="$work/venv/bin:$PATH" "$here/build.sh" "$work/dist"
"$work/venv/bin/pip" install -q --disable-pip-version-check "$work"/dist/claw_policy-*.whl

# Not from the source folder: the installed package is what is tested.
cp -r "$here/tests" "$work/tests"
cd "$work"
export CLAW_EXAMPLES="$root/examples"
venv/bin/python -m pytest -q -p no:cacheprovider tests "$@"
venv/bin/python -m mypy --strict --python-executable venv/bin/python tests/typed.py
venv/bin/python -m mypy.stubtest --ignore-disjoint-bases claw 2>/dev/null || venv/bin/python -m mypy.stubtest claw
