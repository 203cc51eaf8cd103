"""Which rule makes sets: ours, or that of the user's ``message_filters``."""

from importlib import import_module
import os
from typing import Any, Final

from occany_ros.pipeline.synchronisation.arrivals import GroupingConfig
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser
from occany_ros.ros.cameras.filter_sets import FilterSets

DEADLINE: Final = 'deadline'
_EXACT: Final = 'exact_time'


def synchroniser(policy: str, config: GroupingConfig) -> Synchroniser[Any]:
    """
    Make the synchroniser for ``sync.policy``.

    :param policy: ``deadline``, ``exact_time`` or ``approximate_time``.
    :raises ValueError: it needs message_filters, which cannot be imported; names the remedies.
    """
    if policy == DEADLINE:
        return FrameGrouper[Any](config)
    try:
        filters = import_module('message_filters')
    except ImportError as error:
        distro = os.environ.get('ROS_DISTRO', '<distro>')
        raise ValueError(
            f'sync.policy: {policy} needs message_filters, which cannot be imported ({error}); '
            f'install ros-{distro}-message-filters, or set sync.policy to {DEADLINE}'
        ) from error
    return FilterSets[Any](config, filters, is_exact=policy == _EXACT)
