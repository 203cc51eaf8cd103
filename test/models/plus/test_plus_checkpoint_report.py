"""A user is told which of the files of OccAny+ and Depth Anything 3 one is, and what it is for."""

import math
import re

from occany_ros.cli.main import main
from occany_ros.models.checkpoint import load_occany
from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.models.checkpoint_report import examine
from occany_ros.models.plus.checkpoint import load_plus
import pytest
from released_plus_files import (
    distillation_branch,
    drawn_state,
    plain_shapes,
    reconstruction_shapes,
    save_plus,
    SMALL,
    SMALL_RENDERING,
)
import torch

FILES = {
    'recon.pth': ('occany_plus', 'reconstruction', 'model.checkpoint', 'non-commercial'),
    'gen.pth': ('occany_plus', 'rendering', 'model.render_checkpoint', 'non-commercial'),
    'model.safetensors': ('da3', 'reconstruction', 'model.checkpoint', 'Apache-2.0'),
}


@pytest.mark.parametrize('name', FILES)
def test_every_kind_of_file(plus_files, name, capsys):
    report = examine(plus_files / name)
    family, stage, parameter, licence = FILES[name]
    assert report.is_usable
    assert (report.family, report.stage, report.parameter) == (family, stage, parameter)
    assert (report.image_size, report.activation) == (518, None)
    assert licence in report.licence
    assert 'small' in report.notes[0]
    assert sum(x.parameters for x in report.sections.values()) == report.parameters > report.live
    assert report.sections['model.backbone'].live == report.sections['model.backbone'].parameters
    assert main(['checkpoint', str(plus_files / name)]) == 0
    assert f'model.variant: {family}  {parameter}: {plus_files / name}' in capsys.readouterr().out


def test_what_nobody_reads_is_counted(plus_files):
    parts = examine(plus_files / 'model.safetensors').sections
    assert {name for name, part in parts.items() if not part.live} == {
        'model.cam_enc', 'model.cam_dec'
    }  # fmt: skip
    # Of the four levels of the ray branch one is read, and so is the norm they share.
    shapes = plain_shapes()
    dead = [
        key
        for key in shapes
        if re.search(r'output_conv[12]_aux\.[012]\.', key) and 'output_conv2_aux.0.2.' not in key
    ]
    head = parts['model.head']
    assert head.parameters - head.live == sum(math.prod(shapes[key]) for key in dead)


def test_a_training_branch_is_no_fault(tmp_path):
    shapes = reconstruction_shapes() | distillation_branch(SMALL, blocks=1)
    path = save_plus(tmp_path / 'file.pth', drawn_state(shapes), img_size=112)
    report = examine(path)
    assert report.is_usable
    assert report.sections['aux_blocks'].live == report.sections['aux_head'].live == 0


def test_everything_wrong_is_listed(tmp_path):
    state = drawn_state(plain_shapes())
    del state['model.backbone.pretrained.norm.bias']
    state['teacher.weight'] = torch.zeros(1)
    state['model.head.norm.bias'] = torch.full((768,), float('nan'))
    report = examine(save_plus(tmp_path / 'file.pth', state))
    assert not report.is_usable
    assert report.missing == ('model.backbone.pretrained.norm.bias',)
    assert report.unexpected == ('teacher.weight',)
    assert report.not_finite == ('model.head.norm.bias',)


def test_settings_that_do_not_fit_are_a_problem(tmp_path):
    state = {
        'model.backbone.pretrained.cls_token': torch.zeros(1, 1, 384),
        'head_sam.proj.final_proj.bias': torch.zeros(1024),
        'gen_input_encoder.norm_enc.bias': torch.zeros(384),
    }
    arguments = SMALL_RENDERING | {'gen_alt_start': 8}
    report = examine(save_plus(tmp_path / 'file.pth', state, **arguments))
    assert (report.is_usable, report.stage) == (False, None)
    assert 'gen_alt_start=8 instead of 0' in report.problem


def test_families_name_each_other(plus_files, released_file):
    with pytest.raises(CheckpointError, match=r'it looks like occany: set model\.variant'):
        load_plus(released_file)
    for name, variant in (('recon.pth', 'occany_plus'), ('model.safetensors', 'da3')):
        with pytest.raises(CheckpointError, match=f'it looks like {variant}: set model.variant'):
            load_occany(plus_files / name)
