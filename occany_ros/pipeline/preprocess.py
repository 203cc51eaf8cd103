"""From camera images of any size to the images a network is given (OccAny spec, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.frame import Frame
from occany_ros.geometry.projection import cropped_intrinsics, resized_intrinsics
from occany_ros.layers.colour import centred
from occany_ros.models.views import Views
from occany_ros.pipeline.host_maps import on_device
from PIL import Image
import torch

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class FittedImage:
    """
    An image cut and resized to the size of a network.

    :param image: RGB, (h, w, 3) uint8.
    :param intrinsics: pinhole matrix in its pixels, (3, 3) float64, or None where unknown.
    """

    image: NDArray[np.uint8]
    intrinsics: NDArray[np.float64] | None


def network_size(
    width: int,
    height: int,
    long_side: int = 512,
    multiple: int = 16,
    short_side: int | None = None,
) -> Size:
    """
    Choose the network's image size for a camera's.

    :param width: columns of the camera's image.
    :param height: rows of the camera's image.
    :param long_side: longer side of the result.
    :param multiple: the shorter side is the nearest multiple of it, at least one.
    :param short_side: where the shorter side would exceed this, the longer one shrinks, to a
        multiple too.
    :returns: width and height.
    """
    long, short = max(width, height), min(width, height)
    if short_side is not None:
        fitting = max(int(short_side * long / short / multiple + 0.5), 1) * multiple
        long_side = min(long_side, fitting)
    fitted = max(int(short * long_side / long / multiple + 0.5), 1) * multiple
    return (long_side, fitted) if width >= height else (fitted, long_side)


def oriented_size(size: Size, image_size: Size, rng: np.random.Generator) -> Size:
    """
    Turn a network size for an image that stands where the size lies.

    Only the released demo does so, and only images of mixed shapes are concerned.

    :param size: width and height for the scene.
    :param image_size: width and height of the image.
    :param rng: decides for images that are nearly square.
    :returns: width and height for this image.
    """
    aspect = image_size[1] / image_size[0]
    stands = aspect > 1.1 and size[0] >= size[1]
    is_undecided = 0.9 < aspect < 1.1 and size[0] != size[1]
    turn = stands or (is_undecided and bool(rng.integers(2)))
    return (size[1], size[0]) if turn else size


@dataclass(frozen=True, slots=True)
class Placement:
    """
    How an image is cut and resized to a size.

    :param scale: pixels afterwards to pixels before.
    :param width: of the whole image afterwards, before it is cut.
    :param height: of the whole image afterwards.
    :param left: columns cut away on the left.
    :param top: rows cut away on the top.
    """

    scale: float
    width: int
    height: int
    left: int
    top: int


def placement(image_size: Size, size: Size) -> Placement:
    """
    Say how an image has to be resized so that it covers a size, and what is cut away then.

    The resized size is rounded down in single precision, as the released demo does.

    :param image_size: width and height of the image.
    :param size: width and height wanted.
    """
    before = np.array(image_size, np.float32)
    scale = (np.array(size, np.float32) / before).max() + np.float32(1e-8)
    width, height = (int(side) for side in np.floor(before * scale))
    left, top = max(int((width - size[0]) / 2), 0), max(int((height - size[1]) / 2), 0)
    return Placement(float(scale), width, height, left, top)


def fit_image(
    image: NDArray[np.uint8], size: Size, intrinsics: NDArray[np.float64] | None = None
) -> FittedImage:
    """
    Resize an image so that it covers a size, and cut out its middle.

    Where `placement` rounds one pixel too far down, the last column or row is black.

    :param image: RGB, (h, w, 3).
    :param size: width and height wanted.
    :param intrinsics: pinhole matrix of ``image``, if known.
    :returns: the fitted image and its matrix.
    """
    fitting = placement((image.shape[1], image.shape[0]), size)
    width, height, left, top = fitting.width, fitting.height, fitting.left, fitting.top
    resized = _resized(Image.fromarray(image), (width, height), fitting.scale)
    fitted = np.asarray(resized.crop((left, top, left + size[0], top + size[1])))
    if intrinsics is not None:
        scales = (width / image.shape[1], height / image.shape[0])
        intrinsics = cropped_intrinsics(resized_intrinsics(intrinsics, scales), left, top)
    return FittedImage(image=fitted, intrinsics=intrinsics)


def fit_calibrated_image(
    image: NDArray[np.uint8], size: Size, intrinsics: NDArray[np.float64]
) -> FittedImage:
    """
    Cut an image about its principal point, then resize and cut it to a size.

    This is how the images of the released evaluation are made.

    :param image: RGB, (h, w, 3).
    :param size: width and height wanted.
    :param intrinsics: pinhole matrix of ``image``, (3, 3).
    :returns: the fitted image and its matrix.
    :raises ValueError: if the principal point lies within a fifth of the image's border.
    """
    before = np.array((image.shape[1], image.shape[0]))
    centre = intrinsics[:2, 2].round().astype(int)
    half = np.minimum(centre, before - centre)
    if (half <= before / 5).any():
        raise ValueError(
            f'intrinsics: expected a principal point further than a fifth of {before.tolist()} '
            f'from the border, got {intrinsics[:2, 2].tolist()}'
        )
    first, last = centre - half, centre + half
    window = Image.fromarray(image).crop((*first.tolist(), *last.tolist()))
    scale = float((np.array(size) / (2 * half)).max()) + 1e-8
    resized_size = np.floor(2 * half * scale).astype(int)
    shift = -0.5 * (2 * half * scale - resized_size)
    resized = _resized(window, (int(resized_size[0]), int(resized_size[1])), scale)
    fitted_intrinsics = resized_intrinsics(
        cropped_intrinsics(intrinsics, *first.tolist()), (scale, scale), tuple(shift.tolist())
    )
    left, top = np.round(0.5 * (resized_size - np.array(size))).astype(int).tolist()
    fitted = resized.crop((left, top, left + size[0], top + size[1]))
    return FittedImage(
        image=np.asarray(fitted), intrinsics=cropped_intrinsics(fitted_intrinsics, left, top)
    )


def views_from_frames(frames: Sequence[Frame], size: Size, device: torch.device) -> Views:
    """
    Prepare frames for a network.

    :param frames: at least one, of cameras of any size.
    :param size: width and height of the network's images.
    :param device: where the tensors shall be.
    :returns: the views, in the order of the frames.
    """
    fitted = [fit_image(frame.image, size, frame.camera.intrinsics) for frame in frames]
    images = on_device([entry.image for entry in fitted], device)
    return Views(
        images=centred(images.movedim(-1, 1).float() / 255),
        cameras=tuple(frame.camera.name for frame in frames),
        stamps_ns=tuple(frame.stamp_ns for frame in frames),
        intrinsics=_stacked([entry.intrinsics for entry in fitted], 3, device),
        base_from_camera=_stacked([frame.camera.base_from_camera for frame in frames], 4, device),
    )


def _resized(image: Image.Image, size: Size, scale: float) -> Image.Image:
    kernel = Image.Resampling.LANCZOS if scale < 1.0 else Image.Resampling.BICUBIC
    return image.resize(size, resample=kernel)


def _stacked(
    matrices: Sequence[NDArray[np.float64] | None], edge: int, device: torch.device
) -> torch.Tensor:
    """Stack square matrices, NaN where there is none, (v, edge, edge) float32."""
    unknown = np.full((edge, edge), np.nan)
    filled = [unknown if matrix is None else matrix for matrix in matrices]
    return torch.from_numpy(np.stack(filled).astype(np.float32)).to(device)
