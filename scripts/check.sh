#!/usr/bin/env bash
# Run every check on the sources; say which one failed, and fail if any did. Changes nothing.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sources=(occany_ros launch scripts test setup.py)
failed=()
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf 'check: %-16s ok\n' "$name"
  else
    grep -Ev '^checking |^\* ' <<< "$output" || true
    printf 'check: %-16s FAILED\n' "$name"
    failed+=("$name")
  fi
}

check 'ruff lint' ruff check --quiet .
check 'ruff format' ruff format --check .
check 'mypy' mypy --cache-dir=/dev/null # a cache has hidden an error that a clean clone shows
check 'import-linter' lint-imports --no-cache
check 'ament_flake8' ament_flake8 "${sources[@]}"
check 'ament_pep257' ament_pep257 "${sources[@]}"
check 'codespell' codespell
check 'yamllint' yamllint --strict config .yamllint # nowhere else: recordings bring YAML of their own
check 'vulture' vulture

[ ${#failed[@]} -eq 0 ] || { printf 'check: failed: %s\n' "${failed[*]}" >&2; exit 1; }
