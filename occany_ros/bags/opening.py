"""Whatever holds images in time, as a recording: one door for bags, data sets and folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from occany_ros.bags.copying import copy_recording
from occany_ros.bags.dataset import DataSetRecording
from occany_ros.bags.folder_bag import data_set_of, DEFAULT_PERIOD_S
from occany_ros.bags.foxglove import FoxgloveRecording, is_foxglove
from occany_ros.bags.images import Layout, read_folder
from occany_ros.bags.kitti import kitti_sequences, read_kitti
from occany_ros.bags.nuscenes import nuscenes_tables, read_nuscenes
from occany_ros.bags.reader import BagReader, storage_files
from occany_ros.bags.recording import Recording
from occany_ros.bags.writer import BagWriter


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What the user says about a folder that could be read in several ways.

    :param layout: of a folder of images.
    :param period_s: time between the images of such a folder, seconds.
    :param scene: sequence or scene of a data set; empty means the first.
    """

    layout: Layout | Literal['auto'] = 'auto'
    period_s: float = DEFAULT_PERIOD_S
    scene: str = ''


def open_recording(path: Path, choice: Choice | None = None) -> Recording:
    """
    Find out what is at a place.

    :param path: a rosbag2 folder or file, an MCAP file with Foxglove's messages, a KITTI odometry
        or nuScenes folder, or a folder of images as `read_folder` knows them.
    :param choice: of what the folder leaves open.
    :returns: not entered yet.
    :raises FileNotFoundError: there is none of them.
    :raises ValueError: something in it is malformed.
    :raises LookupError: the chosen scene does not exist.
    """
    choice = choice or Choice()
    if not path.exists():
        raise FileNotFoundError(
            f'{path}: expected a bag, a KITTI or nuScenes folder or a folder of images; '
            'there is nothing; check the path'
        )
    if is_foxglove(path):
        return FoxgloveRecording(path)
    if is_bag(path):
        return BagReader(path)
    if nuscenes_tables(path) is not None:
        return DataSetRecording(read_nuscenes(path, choice.scene))
    if kitti_sequences(path):
        return DataSetRecording(read_kitti(path, choice.scene))
    folder = read_folder(path, choice.layout)
    return DataSetRecording(data_set_of(folder, period_s=choice.period_s))


def is_bag(path: Path) -> bool:
    """Whether there are storage files of rosbag2 at a place."""
    try:
        storage_files(path)
    except FileNotFoundError:
        return False
    return True


def bag_of(path: Path, scratch: Path, choice: Choice | None = None) -> tuple[Path, str]:
    """
    Give the bag at a place; of anything else, make one first.

    :param path: as for `open_recording`.
    :param scratch: existing folder for the bag that may have to be made.
    :returns: the bag, and how what is not a bag was understood; empty for a bag.
    """
    if path.exists() and is_bag(path) and not is_foxglove(path):
        return path, ''
    made = scratch / 'images'
    with open_recording(path, choice) as recording, BagWriter(made) as bag:
        copy_recording(recording, bag)
        return made, recording.statement
