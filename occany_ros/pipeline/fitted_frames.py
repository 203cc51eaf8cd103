"""A frame set as it comes, checked and fitted to the network."""

import numpy as np
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.pipeline.masking import fitted_mask
from occany_ros.pipeline.preprocess import fit_image, Size


def check_frames(frames: FrameSet) -> None:
    """
    Refuse a set that cannot be mapped.

    :raises ValueError: it is empty, names a camera twice, or an image is not RGB bytes.
    """
    names = [frame.camera.name for frame in frames.frames]
    if not names or len(set(names)) != len(names):
        raise ValueError(f'frames: expected one or more different cameras, got {names}')
    for frame in frames.frames:
        image = frame.image
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(
                f'image of {frame.camera.name}: expected RGB of shape (h, w, 3) and type uint8, '
                f'got {image.shape} {image.dtype}'
            )


def fitted(frame: Frame, size: Size) -> Frame:
    """
    Fit an image, its intrinsics and its mask to the network.

    :param size: width and height of the network's image.
    """
    fitting = fit_image(frame.image, size, frame.camera.intrinsics)
    camera = Camera(frame.camera.name, fitting.intrinsics, frame.camera.base_from_camera)
    mask = frame.mask
    if mask is not None:
        mask = fitted_mask(mask, (frame.image.shape[1], frame.image.shape[0]), size)
    return Frame(camera, frame.stamp_ns, fitting.image, mask)
