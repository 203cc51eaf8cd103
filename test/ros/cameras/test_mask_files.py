"""Mask files, good and bad."""

import cv2
import numpy as np
from occany_ros.ros.cameras import mask_files
from occany_ros.ros.cameras.mask_files import load_masks, mask_for
from occany_ros.ros.settings.parameter_inputs import CameraParameters
import pytest


def camera(path, rotate=0):
    return CameraParameters('front', mask_file=str(path), rotate=rotate)


def drawn(path, pixels):
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.parametrize('kind', ['grey', 'colour', 'alpha'])
def test_everything_that_is_not_black_is_used(tmp_path, kind):
    pixels = np.zeros((6, 8), np.uint8)
    pixels[2:, 3:] = 1
    pixels[0, 0] = 255
    use = pixels > 0
    if kind == 'colour':
        pixels = np.dstack([pixels * 0, pixels, pixels * 0])
    elif kind == 'alpha':
        pixels = np.dstack([pixels] * 3 + [np.full_like(pixels, 255)])
    masks = load_masks([camera(drawn(tmp_path / 'mask.png', pixels)), CameraParameters('left')])
    assert set(masks) == {'front'}
    np.testing.assert_array_equal(masks['front'], use)


def test_a_mask_turns_with_its_images(tmp_path):
    pixels = np.zeros((6, 8), np.uint8)
    pixels[0] = 255
    settings = camera(drawn(tmp_path / 'mask.png', pixels), rotate=90)
    masks = load_masks([settings])
    turned = mask_for(masks, settings, (600, 800))
    assert turned.shape == (8, 6)
    assert turned[:, -1].all()
    assert not turned[:, :-1].any()
    assert mask_for(masks, CameraParameters('left'), (600, 800)) is None


def test_a_mask_of_another_shape_names_both_and_the_remedy(tmp_path):
    settings = camera(drawn(tmp_path / 'mask.png', np.full((6, 8), 255, np.uint8)))
    masks = load_masks([settings])
    with pytest.raises(ValueError, match=r'front.mask_file: .*640x360, got 8x6 .*draw it'):
        mask_for(masks, settings, (360, 640))


def test_a_wrong_file_is_told_at_the_start(tmp_path, monkeypatch):
    def reason(path):
        with pytest.raises(ValueError, match=r'^front\.mask_file: expected') as caught:
            load_masks([camera(path)])
        assert str(path) in str(caught.value)
        return str(caught.value)

    assert 'No such file' in reason(tmp_path / 'absent.png')
    assert reason(tmp_path)
    (tmp_path / 'text.png').write_text('no picture')
    assert 'JPEG or PNG' in reason(tmp_path / 'text.png')
    (tmp_path / 'empty.png').write_bytes(b'')
    assert '0 bytes' in reason(tmp_path / 'empty.png')
    assert 'none' in reason(drawn(tmp_path / 'black.png', np.zeros((4, 4), np.uint8)))
    whole = drawn(tmp_path / 'whole.png', np.full((40, 40), 255, np.uint8)).read_bytes()
    (tmp_path / 'cut.png').write_bytes(whole[:-20])
    assert 'truncated' in reason(tmp_path / 'cut.png')
    bomb = bytearray(whole)
    bomb[16:24] = (60000).to_bytes(4, 'big') * 2
    (tmp_path / 'bomb.png').write_bytes(bomb)
    assert '60000x60000' in reason(tmp_path / 'bomb.png')
    monkeypatch.setattr(mask_files, 'LARGEST_FILE', 10)
    assert 'at most' in reason(tmp_path / 'whole.png')
