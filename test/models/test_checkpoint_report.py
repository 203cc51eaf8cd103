"""A user is told what a file is and whether it can be used."""

from hashlib import sha256

from occany_ros.models.checkpoint_manifest import released_weights
from occany_ros.models.checkpoint_report import examine
import pytest
from released_files import save_released, SMALL_CALLS
import torch


@pytest.fixture
def written(tmp_path):
    def write(sections, **arguments):
        return save_released(tmp_path / 'file.pth', sections, **(SMALL_CALLS | arguments))

    return write


def test_a_file_of_both_stages(released_file, small_sections):
    report = examine(released_file)
    assert report.is_usable
    assert (report.family, report.stage) == ('occany', 'rendering')
    assert (report.image_size, report.activation) == (512, 'linear')
    assert report.sha256 == sha256(released_file.read_bytes()).hexdigest()
    assert report.size_bytes == released_file.stat().st_size
    assert report.parameters == sum(
        x.numel() for keys in small_sections.values() for x in keys.values()
    )
    unread = {name: x.parameters - x.live for name, x in report.sections.items()}
    assert unread['encoder'] == unread['decoder'] == 0
    assert unread['gen_decoder'] > 0
    assert unread['raymap_encoder'] > 0
    assert report.live == report.parameters - sum(unread.values())
    assert 'MUSt3R' in report.licence
    assert 'non-commercial' in report.licence
    assert 'was trained' in report.notes[0]


def test_an_untrained_transformer_is_told(written, small_sections):
    idle = {
        key: torch.zeros_like(x) if 'blocks_enc' in key and key.endswith('bias') else x
        for key, x in small_sections['raymap_encoder'].items()
    }
    report = examine(written({**small_sections, 'raymap_encoder': idle}))
    assert 'was never trained' in report.notes[0]
    assert report.is_usable


def test_a_reconstruction_file(written, small_occany):
    report = examine(written(released_weights(small_occany)))
    assert report.is_usable
    assert (report.family, report.stage, report.notes) == ('occany', 'reconstruction', ())
    assert report.live == report.parameters


def test_plain_must3r(written, small_must3r):
    report = examine(written(released_weights(small_must3r), activation='NORM_EXP'))
    assert report.is_usable
    assert (report.family, report.stage) == ('must3r', 'reconstruction')


def test_everything_wrong_is_listed(written, small_sections):
    decoder = dict(small_sections['decoder'])
    del decoder['norm_dec.bias']
    decoder['cls_token'] = torch.zeros(1)
    decoder['head_pose.fc2.bias'] = torch.zeros(8)
    decoder['image2_embed'] = torch.full_like(decoder['image2_embed'], float('nan'))
    report = examine(written({**small_sections, 'decoder': decoder}))
    assert not report.is_usable
    assert report.missing == ('decoder.norm_dec.bias',)
    assert report.unexpected == ('decoder.cls_token',)
    assert report.misshapen == ('decoder.head_pose.fc2.bias (8,) instead of (7,)',)
    assert report.not_finite == ('decoder.image2_embed',)


def test_settings_that_do_not_fit_are_a_problem(written, small_sections):
    report = examine(written(small_sections, use_raymap_only_conditioning=True))
    assert not report.is_usable
    assert 'use_raymap_only_conditioning=True instead of False' in report.problem
    assert report.stage is None


@pytest.mark.parametrize('sections', [{}, {'model': {'layer.weight': torch.ones(2, 3)}}])
def test_another_network_is_unknown(written, sections):
    report = examine(written(sections))
    assert not report.is_usable
    assert (report.family, report.licence) == ('unknown', 'unknown')
    assert report.problem == 'its weights are those of another network'
