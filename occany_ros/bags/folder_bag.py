"""Folders of images made into bags, so that everything that reads bags reads them too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from occany_ros.bags.images import ImageFolder, Layout, read_folder, read_image, stamps_ns
from occany_ros.bags.messages import (
    camera_info_message,
    compressed_message,
    transforms_message,
)
from occany_ros.bags.reader import storage_files
from occany_ros.bags.writer import BagWriter

BASE_FRAME: Final = 'base_link'


@dataclass(frozen=True, slots=True)
class Source:
    """
    A bag to read.

    :param path: where it is.
    :param statement: how a folder of images was understood; empty where it was a bag already.
    """

    path: Path
    statement: str = ''


def image_topic(camera: str, *, compressed: bool) -> str:
    """Name the topic of a camera's images in every bag we make."""
    return f'/camera/{camera}/image_raw{"/compressed" if compressed else ""}'


def info_topic(camera: str) -> str:
    """Name the topic of a camera's calibration in every bag we make."""
    return f'/camera/{camera}/camera_info'


def optical_frame(camera: str) -> str:
    """Name a camera's optical frame in every bag we make."""
    return f'{camera}_optical'


def bag_of(
    path: Path, scratch: Path, *, layout: Layout | Literal['auto'] = 'auto', period_s: float = 0.5
) -> Source:
    """
    Give the bag at a place; of a folder of images, make one first.

    :param path: a bag, or a folder as `read_folder` knows them.
    :param scratch: existing folder for the bag that may have to be made.
    :param period_s: time between the images of a folder, seconds.
    :raises FileNotFoundError: there is neither bag nor image.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path}: expected a bag or a folder of images; there is nothing')
    try:
        storage_files(path)
    except FileNotFoundError:
        folder = read_folder(path, layout)
        made = scratch / 'images'
        write_folder(folder, made, period_s=period_s)
        return Source(made, folder.statement)
    return Source(path)


def write_folder(folder: ImageFolder, path: Path, *, period_s: float = 0.5) -> None:
    """
    Write a folder of images as a bag of ``CompressedImage``: the files as they are.

    :param path: bag to make.
    :param period_s: time between the images, seconds.
    """
    with BagWriter(path) as bag:
        poses = {
            (BASE_FRAME, optical_frame(camera.name)): camera.base_from_camera
            for camera in folder.cameras
            if camera.base_from_camera is not None
        }
        if poses:
            first_ns = stamps_ns(folder, period_s)[0]
            bag.write('/tf_static', transforms_message(poses, first_ns), first_ns)
        for step, stamp_ns in enumerate(stamps_ns(folder, period_s)):
            for camera, files in zip(folder.cameras, folder.files, strict=True):
                if step >= len(files):
                    continue
                frame_id = optical_frame(camera.name)
                if camera.intrinsics is not None:
                    size = read_image(files[step]).shape
                    info = camera_info_message(camera, (size[0], size[1]), stamp_ns, frame_id)
                    bag.write(info_topic(camera.name), info, stamp_ns)
                kind = 'png' if files[step].suffix.lower() == '.png' else 'jpeg'
                image = compressed_message(files[step].read_bytes(), kind, stamp_ns, frame_id)
                bag.write(image_topic(camera.name, compressed=True), image, stamp_ns)
