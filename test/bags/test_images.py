"""Folders of images: layouts are told apart, and said in words."""

import json
from pathlib import Path

import cv2
from fuzz_bytes import png_of_size
import numpy as np
from occany_ros.bags.images import frame_sets, read_folder, read_image
from peak_memory import added_at_peak
import pytest

SHARED = Path(__file__).parents[3] / 'shared' / 'data'


def scene(seed, shift=0):
    """Make a blurred random picture, moved sideways by a few pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 120, 3), np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 6)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    last = shift + 80
    return np.ascontiguousarray(wide[:, shift:last])


def save(folder, pictures, suffix='.png'):
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f'{index}{suffix}'), picture[..., ::-1])


def test_one_camera_over_time(tmp_path):
    pictures = [scene(0, shift) for shift in range(11)]
    save(tmp_path, pictures)
    folder = read_folder(tmp_path)
    assert folder.layout == 'sequence'
    assert 'likeness' in folder.statement
    sets = list(frame_sets(folder, 0.25))
    assert [s.stamp_ns for s in sets] == [1_000_000_000 + 250_000_000 * i for i in range(11)]
    for frames, picture in zip(sets, pictures, strict=True):  # 9.png before 10.png
        np.testing.assert_array_equal(frames.frames[0].image, picture)


def test_six_unlike_images_are_cameras_at_one_instant(tmp_path):
    save(tmp_path, [scene(seed) for seed in range(6)])
    folder = read_folder(tmp_path)
    assert folder.layout == 'instant'
    assert '--layout sequence' in folder.statement
    (only,) = frame_sets(folder)
    names = [frame.camera.name for frame in only.frames]
    assert names == ['front', 'front_left', 'front_right', 'back', 'back_left', 'back_right']
    assert 'nuScenes' in folder.statement
    left, right = (folder.cameras[index].base_from_camera for index in (1, 2))
    assert left[1, 2] > 0.7 > -0.7 > right[1, 2]  # optical axes: y is left
    assert read_folder(tmp_path, 'sequence').steps == 6


def test_sub_folders_are_cameras_and_may_lack_images(tmp_path):
    save(tmp_path / 'left', [scene(0, shift) for shift in range(3)])
    save(tmp_path / 'right', [scene(1, shift) for shift in range(2)], '.jpg')
    matrix = [[100.0, 0, 40], [0, 100, 20], [0, 0, 1]]
    (tmp_path / 'cameras.json').write_text(json.dumps({'right': {'intrinsics': matrix}}))
    folder = read_folder(tmp_path)
    assert folder.layout == 'cameras'
    assert 'left, right' in folder.statement
    assert '2 to 3 images' in folder.statement
    left, right = folder.cameras
    assert left.intrinsics is None
    np.testing.assert_array_equal(right.intrinsics, matrix)
    assert [len(s.frames) for s in frame_sets(folder)] == [2, 2, 1]


@pytest.mark.parametrize(
    ('name', 'layout', 'cameras', 'steps'),
    [('kitti_08_1390', 'sequence', 1, 5), ('nuscenes_scene-0039', 'instant', 6, 1)],
)
def test_real_folders(name, layout, cameras, steps):
    if not (SHARED / name).is_dir():
        pytest.skip('no real frames beside the checkout (../shared/data)')
    folder = read_folder(SHARED / name)
    assert (folder.layout, len(folder.cameras), folder.steps) == (layout, cameras, steps)


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected a folder'):
        read_folder(tmp_path / 'none')
    with pytest.raises(FileNotFoundError, match='got none'):
        read_folder(tmp_path)
    with pytest.raises(ValueError, match='sub-folder'):
        read_folder(tmp_path, 'cameras')
    with pytest.raises(ValueError, match='layout'):
        read_folder(tmp_path, 'pile')
    (tmp_path / '0.png').write_bytes(b'\x89PNG\r\n\x1a\nbroken')
    folder = read_folder(tmp_path)
    with pytest.raises(ValueError, match=r'0\.png'):
        next(frame_sets(folder))
    with pytest.raises(ValueError, match='period'):
        next(frame_sets(folder, 0))
    (tmp_path / 'cameras.json').write_text('{"front": {"intrinsics": [1, 2]}}')
    with pytest.raises(ValueError, match='3 x 3'):
        read_folder(tmp_path)


@pytest.mark.parametrize('side', [8001, 12_000, 30_000])
def test_a_picture_of_absurd_size_is_refused_unread(tmp_path, side):
    path = tmp_path / 'bomb.png'
    path.write_bytes(png_of_size(side, side))

    def read():
        with pytest.raises(ValueError, match=r'bomb\.png: expected a readable'):
            read_image(path)

    _, added = added_at_peak(read)
    assert added < 64 << 20
