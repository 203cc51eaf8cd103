"""Raw answers of SAM 3 become the published label maps, and a changed answer is noticed."""

from dataclasses import replace

import numpy as np
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.semantics_sam3 import check_sam3
import pytest
import torch

NAMES = ('sam3_occ3d_thr15', 'sam3_occ3d_thr50', 'sam3_kitti_thr15', 'sam3_nothing_kept')


@pytest.fixture
def golden(shared):
    def read(name):
        path = shared / 'fixtures' / 'semantics' / f'{name}.npz'
        arrays = np.load(path)
        numbers = {key: arrays[key] for key in arrays if arrays[key].dtype.kind in 'biuf'}
        tensors = {key: torch.from_numpy(value) for key, value in numbers.items()}
        return Fixture(path=path, tensors=tensors, metadata={})

    return read


@pytest.mark.parametrize('name', NAMES)
def test_label_maps_are_the_published_ones(golden, name):
    comparisons = check_sam3(golden(name))
    assert {one.name for one in comparisons} == {'sem2d', 'valid_prompt_class'}
    assert all(one.has_passed for one in comparisons)


def test_another_threshold_is_noticed(golden):
    fixture = golden('sam3_occ3d_thr15')
    changed = replace(fixture, tensors=fixture.tensors | {'thr': torch.tensor(0.5)})
    assert [one.name for one in check_sam3(changed) if not one.has_passed] == ['sem2d']


def test_an_unknown_class_set_is_refused(golden):
    fixture = golden('sam3_nothing_kept')
    strange = replace(fixture, tensors=fixture.tensors | {'empty_class': torch.tensor(9)})
    with pytest.raises(ValueError, match='empty_class'):
        check_sam3(strange)
