"""What the golden files of SAM 3 are told apart by: that they are reproduced is tested beside."""

from dataclasses import replace

from occany_ros.evaluation.parity.array_files import read_arrays
from occany_ros.evaluation.parity.semantics_sam3 import check_sam3
import pytest
import torch


@pytest.fixture
def golden(shared):
    return read_arrays(shared / 'fixtures' / 'semantics' / 'sam3_occ3d_thr15.npz')


@pytest.mark.parametrize('name', ['pred_logits', 'presence_logits', 'pred_masks'])
def test_every_raw_answer_counts(golden, name):
    changed = replace(golden, tensors=golden.tensors | {name: golden.tensors[name] + 1})
    assert [one.name for one in check_sam3(changed) if not one.has_passed] == ['sem2d']


def test_the_threshold_counts(golden):
    changed = replace(golden, tensors=golden.tensors | {'thr': torch.tensor(0.5)})
    assert [one.name for one in check_sam3(changed) if not one.has_passed] == ['sem2d']


def test_an_unknown_class_set_is_refused(golden):
    strange = replace(golden, tensors=golden.tensors | {'empty_class': torch.tensor(9)})
    with pytest.raises(ValueError, match='empty_class'):
        check_sam3(strange)
