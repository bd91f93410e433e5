#!/bin/sh
# Real editors against the language server: `tests/editors/run.sh [neovim] [emacs] [pytest]`. An editor that is not installed is skipped.
set -e
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cargo build -q --manifest-path "$root/Cargo.toml" -p claw-lsp
export CLAW_LSP="$target/debug/claw-lsp" CLAW_EDITORS="$root/editors"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
failed=0
for editor in ${*:-neovim emacs pytest}; do
  case $editor in
    neovim)
      if command -v nvim >/dev/null; then
        nvim --headless -u NONE --cmd "set runtimepath^=$root/editors/neovim" --cmd 'runtime plugin/claw.lua' \
          -c "luafile $here/neovim.lua" 2>&1 || failed=1
      else echo "skipped: there is no nvim"; fi ;;
    emacs)
      if command -v emacs >/dev/null; then
        emacs --batch -q -l "$here/emacs.el" || failed=1
      else echo "skipped: there is no emacs"; fi ;;
    pytest)
      if python3 -c 'import pytest_lsp' 2>/dev/null; then
        python3 -m pytest -q -p no:cacheprovider "$here/test_protocol.py" || failed=1
      else echo "skipped: there is no pytest-lsp"; fi ;;
    *) echo "neovim, emacs or pytest, not $editor"; exit 2 ;;
  esac
done
exit $failed
