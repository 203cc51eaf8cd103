"""Folders of images as data sets, and the names of topics in what we make."""

from typing import Final

from occany_ros.bags.dataset import DataSet, Stream
from occany_ros.bags.images import ImageFolder, read_image, stamps_ns

DEFAULT_PERIOD_S: Final = 0.5


def image_topic(camera: str, *, compressed: bool) -> str:
    """Name the topic of a camera's images in every bag we make."""
    return f'/camera/{camera}/image_raw{"/compressed" if compressed else ""}'


def info_topic(camera: str) -> str:
    """Name the topic of a camera's calibration in every bag we make."""
    return f'/camera/{camera}/camera_info'


def optical_frame(camera: str) -> str:
    """Name a camera's optical frame in every bag we make."""
    return f'{camera}_optical'


def data_set_of(folder: ImageFolder, *, period_s: float = DEFAULT_PERIOD_S) -> DataSet:
    """
    Give the images of a folder stamps and topics.

    :param period_s: time between the images, seconds.
    :raises ValueError: the period is not positive, or a calibrated camera's first image cannot be
        read.
    """
    stamps = stamps_ns(folder, period_s)
    streams = []
    for camera, files in zip(folder.cameras, folder.files, strict=True):
        size = (0, 0)
        if camera.intrinsics is not None:
            height, width = read_image(files[0]).shape[:2]
            size = (height, width)
        streams.append(
            Stream(
                camera,
                image_topic(camera.name, compressed=True),
                info_topic(camera.name),
                optical_frame(camera.name),
                size,
                tuple(zip(stamps, files, strict=False)),
            )
        )
    return DataSet(tuple(streams), folder.statement)
