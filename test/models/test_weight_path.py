"""A path where no weight file stands: what does stand there, and what to do with it."""

import json

from occany_ros.models.checkpoint_file import CheckpointError, read_released_file
from occany_ros.models.weight_path import obstacle_at, pointer_at
import pytest

ELSEWHERE = 'look elsewhere'
POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0f\nsize 2604518200\n'


def reader(folder, **config):
    """Make a folder as the library `transformers` saves a network."""
    folder.mkdir(exist_ok=True)
    (folder / 'config.json').write_text(json.dumps(config or {'model_type': 'any'}))
    (folder / 'model.safetensors').touch()
    return folder


def test_nothing_stands_before_a_file(tmp_path):
    path = tmp_path / 'empty.pth'
    path.touch()
    assert obstacle_at(path, ELSEWHERE) is None
    path.write_bytes(b'version')
    assert pointer_at(path) is None


@pytest.mark.parametrize('name', ['occany.pth', 'model.safetensors'])
def test_a_pointer_is_told_from_weights(tmp_path, name):
    path = tmp_path / name
    path.write_text(POINTER)
    with pytest.raises(
        CheckpointError, match=r'it is a pointer of Git LFS .* `git lfs pull`'
    ) as e:
        read_released_file(path)
    assert '`git lfs pull`' in e.value.remedy
    assert str(path) in str(e.value)


def test_weight_files_of_a_folder_are_named(tmp_path):
    for number in range(4):
        (tmp_path / f'{number}.pth').touch()
    (tmp_path / 'readme.md').touch()
    for number in range(3):
        (tmp_path / f'da3_{number}').mkdir()
        (tmp_path / f'da3_{number}' / 'model.safetensors').touch()
    found = obstacle_at(tmp_path, ELSEWHERE)
    assert found.problem == 'it is a folder, not a weight file'
    assert found.remedy == (
        'name one of the weight files in it: 0.pth, 1.pth, 2.pth, 3.pth, da3_0/model.safetensors '
        'and 2 more'
    )


def test_networks_that_read_labels_go_elsewhere(tmp_path):
    sam3 = reader(tmp_path / 'sam3')
    for path in (tmp_path, sam3):
        remedy = obstacle_at(path, ELSEWHERE).remedy
        assert remedy.endswith(
            f'like sam3, are what semantics.weights is for: set that to {tmp_path}'
        )
        assert 'safetensors' not in remedy
    (tmp_path / 'occany.pth').touch()
    both = obstacle_at(tmp_path, ELSEWHERE).remedy
    assert both.startswith('name one of the weight files in it: occany.pth; networks that read')


@pytest.mark.parametrize('config', ['{"model_name": "da3-large"}', '[]', 'no JSON', '[' * 9999])
def test_other_folders_of_the_hub_hold_weight_files(tmp_path, config):
    (reader(tmp_path) / 'config.json').write_text(config)
    assert obstacle_at(tmp_path, ELSEWHERE).remedy.endswith('in it: model.safetensors')


def test_a_folder_of_no_use_is_none(tmp_path):
    assert obstacle_at(tmp_path, ELSEWHERE).remedy == ELSEWHERE
    with pytest.raises(CheckpointError, match=r'it is a folder, .* get the file of your model'):
        read_released_file(tmp_path)
