#!/usr/bin/env bash
# Run a command in the built ROS environment, on a DDS domain that no other machine and no other run sees.
#
#   scripts/in_ros.sh pytest test/ros
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ -f "$root/install/setup.bash" ] || { printf 'no install/ yet; run `make setup`\n' >&2; exit 1; }

# shellcheck disable=SC1091
set +u; . "$root/install/setup.bash"; set -u
export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
export ROS_PYTHON_CHECK_FIELDS=1
export ROS_DOMAIN_ID=${ROS_DOMAIN_ID:-$((1 + $$ % 100))}
case $ROS_DISTRO in
  humble)
    export ROS_LOCALHOST_ONLY=1 FASTRTPS_DEFAULT_PROFILES_FILE=$root/config/fastdds.xml ;;
  iron|jazzy)
    export FASTRTPS_DEFAULT_PROFILES_FILE=$root/config/fastdds.xml ;;
  *)
    export FASTDDS_DEFAULT_PROFILES_FILE=$root/config/fastdds.xml ;;
esac
exec "$@"
