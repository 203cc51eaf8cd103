#!/usr/bin/env bash
# Build this checkout with colcon into install/, against .ros/ (scripts/setup_prefix.sh).
#
# Files are linked, so edits take effect at once; a build is needed only when a file comes, goes or is an interface.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9< . && flock 9 # one build at a time in this checkout
stamp=install/occany_ros.stamp
[ -d .ros/stamps ] || { printf 'setup: no .ros/ yet; run `make setup`\n' >&2; exit 1; }

inputs=$(
  {
    pwd
    find occany_ros config launch scripts -type f -not -name '*.pyc' | LC_ALL=C sort
    cat CMakeLists.txt package.xml msg/*.msg .ros/stamps/*
  } | sha256sum
)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$inputs" ] && exit 0

printf 'setup: occany_ros, into install/\n'
mkdir -p build log
(
  unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH PYTHONPATH LD_LIBRARY_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
  # shellcheck disable=SC1091
  set +u; . .ros/setup.bash; set -u
  colcon build --symlink-install --base-paths . --packages-select occany_ros \
    --cmake-args -DCMAKE_BUILD_TYPE=Release "-DPython3_EXECUTABLE=$(command -v python3)"
) > log/setup.log 2>&1 || { tail -40 log/setup.log >&2; printf 'setup: the build failed (log/setup.log)\n' >&2; exit 1; }
printf '%s\n' "$inputs" > "$stamp"
