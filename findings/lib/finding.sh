# Sourced by every finding. It does three things, in this order:
#   packages NAME==VERSION...   a new virtual environment in a temporary folder, removed at the end
#   seen <<'END'                the output that was seen when the finding was written
#   run <<'END'                 a Python program; the finding holds while it prints exactly that
# Exit 0: the behaviour is still there. Exit 1: it has changed. Exit 2: it could not be tried.
set -euo pipefail
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PLACE=$(mktemp -d)
trap 'rm -rf "$PLACE"' EXIT
export PYTHONPATH=$LIB PYTHONWARNINGS=ignore TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0
export CUDA_VISIBLE_DEVICES=-1

packages() {
  python3 -m venv "$PLACE/venv"
  PYTHONPATH='' "$PLACE/venv/bin/pip" install --quiet --disable-pip-version-check "$@" \
    >"$PLACE/pip" 2>&1 || { tail -5 "$PLACE/pip" >&2; exit 2; }
}

seen() { cat >"$PLACE/seen"; }

run() {
  cat >"$PLACE/program.py"
  (cd "$PLACE" && PATH="$PLACE/venv/bin:$PATH" venv/bin/python program.py >printed 2>errors) || {
    tail -20 "$PLACE/errors" >&2
    echo "the program stopped: the behaviour has changed, or the packages do not run here" >&2
    exit 1
  }
  grep '^> ' "$PLACE/printed" | cut -c3- >"$PLACE/now" || true
  if diff -u "$PLACE/seen" "$PLACE/now"; then
    cat "$PLACE/now"
    echo "as found: $(basename "$0" .sh)"
  else
    echo "changed: $(basename "$0" .sh)" >&2
    exit 1
  fi
}
