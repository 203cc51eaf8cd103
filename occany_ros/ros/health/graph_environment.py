"""Environment of a ROS graph that stays on this machine and loses no large message."""

from collections.abc import Mapping
import os
from pathlib import Path
import sys
from typing import Final

PROFILE: Final = Path('config') / 'fastdds.xml'
PROFILE_VARIABLES: Final = {
    'humble': 'FASTRTPS_DEFAULT_PROFILES_FILE',
    'iron': 'FASTRTPS_DEFAULT_PROFILES_FILE',
    'jazzy': 'FASTRTPS_DEFAULT_PROFILES_FILE',
}
"""What Fast DDS of a distribution reads; the others read ``FASTDDS_DEFAULT_PROFILES_FILE``."""


def profile_variable(distribution: str) -> str:
    """Name the variable that tells Fast DDS of a distribution where its settings are."""
    return PROFILE_VARIABLES.get(distribution, 'FASTDDS_DEFAULT_PROFILES_FILE')


def local_graph(environment: Mapping[str, str], *, domain: int) -> dict[str, str]:
    """
    Say what is to be set so that processes see each other and nobody else.

    What the user has set already is left as it is.

    :param environment: of this process.
    :param domain: DDS domain to use where none is set, 0 to 101.
    """
    distribution = environment.get('ROS_DISTRO', '')
    wanted = {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    if distribution == 'humble':
        wanted['ROS_LOCALHOST_ONLY'] = '1'
    profile = profile_file(environment)
    if profile is not None:
        wanted[profile_variable(distribution)] = str(profile)
    return {name: value for name, value in wanted.items() if not environment.get(name)}


def profile_file(environment: Mapping[str, str]) -> Path | None:
    """Find our Fast DDS profile in the checkout or the installed package."""
    return shared_file(PROFILE, environment)


def shared_file(name: str | Path, environment: Mapping[str, str]) -> Path | None:
    """Find a file or folder of ours in the checkout, the workspace or the installed package."""
    prefixes = [*environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [Path(__file__).resolve().parents[3] / name]
    places += [Path(prefix) / 'share' / 'occany_ros' / name for prefix in prefixes if prefix]
    return next((place for place in places if place.exists()), None)
