"""Files of OccAny+ and Depth Anything 3 load strictly, whichever of them they are."""

import json
import math
from pathlib import Path

from occany_ros.models.checkpoint_file import CheckpointError, read_released_file, ReleasedFile
from occany_ros.models.factory import load_model
from occany_ros.models.plus.checkpoint import checked_config, load_plus, plus_manifest
from occany_ros.models.plus.checkpoint_config import plus_variant_of, role_of
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.keys import is_unread, ours_from_released
from occany_ros.models.prediction import NovelViewRenderer
import pytest
from released_plus_files import (
    BACKBONE,
    BASE,
    distillation_branch,
    GIANT,
    LARGE,
    plain_shapes,
    RECONSTRUCTION_ARGUMENTS,
    reconstruction_shapes,
    RENDERING_ARGUMENTS,
    rendering_shapes,
    SMALL,
)
import torch

SHARED_NORM = 'model.head.scratch.output_conv2_aux.{}.2.weight'


def file_of(shapes, drop=(), add=(), **arguments):
    """Make up what was read of a file of any size, without a number in it."""
    state = {
        name: torch.empty(shape, device='meta')
        for name, shape in {**shapes, **dict(add)}.items()
        if name not in drop
    }
    return ReleasedFile(path=Path('file.pth'), sections={'model': state}, arguments=arguments)


def reconstruction(sizes=SMALL, **changes):
    return file_of(reconstruction_shapes(sizes), **(RECONSTRUCTION_ARGUMENTS | changes))


def rendering(sizes=LARGE, **changes):
    return file_of(rendering_shapes(sizes), **(RENDERING_ARGUMENTS | changes))


RELEASED = {
    'occany_plus_recon (': (reconstruction_shapes(LARGE), 'vitl', 'reconstruction'),
    'occany_plus_gen (': (rendering_shapes(LARGE), 'vitl', 'rendering'),
    'occany_plus_recon_1B (': (reconstruction_shapes(GIANT), 'vitg', 'reconstruction'),
}


@pytest.mark.parametrize('title', RELEASED)
def test_names_and_shapes_are_those_of_the_released_networks(shared, title):
    manifest = json.loads((shared / 'manifests' / 'occany_plus.json').read_text())
    (listed,) = (keys for name, keys in manifest.items() if name.startswith(title))
    released = {name: tuple(shape) for name, shape in listed.items()}
    made_up, name, role = RELEASED[title]
    assert made_up == released
    read = {key: shape for key, shape in released.items() if not is_unread(key)}
    config = PlusConfig(name=name, imagines=role == 'rendering')
    assert plus_manifest(config, role) == read
    assert len({ours_from_released(key) for key in read}) == len(read)


def test_what_training_leaves_behind_is_known_and_unread(shared):
    manifest = json.loads((shared / 'manifests' / 'occany_plus.json').read_text())
    extras = [keys for name, keys in manifest.items() if 'extra' in name]
    assert [len(keys) for keys in extras] == [270, 270, 74]
    assert all(is_unread(key) for keys in extras for key in keys)
    with_branch = file_of(
        reconstruction_shapes(GIANT) | distillation_branch(GIANT), **RECONSTRUCTION_ARGUMENTS
    )
    assert checked_config(with_branch, 'occany_plus', 'reconstruction').name == 'vitg'


def test_how_many_numbers_are_read(shared):
    manifest = json.loads((shared / 'manifests' / 'occany_plus.json').read_text())
    unread = sum(
        math.prod(shape) for key, shape in rendering_shapes(LARGE).items() if is_unread(key)
    )
    config = PlusConfig(imagines=True)
    whole = sum(math.prod(shape) for shape in plus_manifest(config, 'rendering').values())
    assert whole + unread == manifest['_parameter_counts']['gen_large.total'] + 3 * 64


@pytest.mark.parametrize(
    ('sizes', 'name'), [(SMALL, 'vits'), (BASE, 'vitb'), (LARGE, 'vitl'), (GIANT, 'vitg')]
)
def test_every_size_of_plain_depth_anything(sizes, name):
    config = checked_config(file_of(plain_shapes(sizes)), 'da3', 'reconstruction')
    assert (config.name, config.feature_size, config.is_plain) == (name, None, True)


@pytest.mark.parametrize('name', ['head_sam.neck.convs.1.conv_1x1.bias', f'{BACKBONE}.norm.bias'])
def test_missing_weight_is_named(name):
    broken = file_of(reconstruction_shapes(), drop=(name,), **RECONSTRUCTION_ARGUMENTS)
    with pytest.raises(CheckpointError, match=r'github\.com/valeoai/OccAny') as caught:
        checked_config(broken, 'occany_plus', 'reconstruction')
    assert (caught.value.missing, caught.value.unexpected) == ((name,), ())


def test_unexpected_weight_is_named():
    name = f'{BACKBONE}.blocks.12.norm1.weight'
    broken = file_of(reconstruction_shapes(), add={name: (384,)}, **RECONSTRUCTION_ARGUMENTS)
    with pytest.raises(CheckpointError) as caught:
        checked_config(broken, 'occany_plus', 'reconstruction')
    assert (caught.value.missing, caught.value.unexpected) == ((), (name,))


def test_wrong_shape_is_named():
    name = 'model.head.scratch.output_conv2.2.weight'
    broken = file_of(reconstruction_shapes(), add={name: (3, 32, 1, 1)})
    with pytest.raises(CheckpointError, match=r'output_conv2\.2\.weight \(3, 32, 1, 1\) instead'):
        checked_config(broken, 'occany_plus', 'reconstruction')


@pytest.mark.parametrize('kind', [torch.complex64, torch.int64, torch.float8_e4m3fn])
def test_numbers_no_weight_holds_are_named(kind):
    broken = file_of(plain_shapes())
    name = f'{BACKBONE}.norm.bias'
    broken.sections['model'][name] = torch.empty(384, dtype=kind, device='meta')
    with pytest.raises(CheckpointError, match=rf'norm\.bias {kind} instead of floating-point'):
        checked_config(broken, 'da3', 'reconstruction')


def test_swapped_files_are_told_apart():
    with pytest.raises(CheckpointError, match=r'set model\.render_checkpoint to it, and model\.'):
        checked_config(rendering(), 'occany_plus', 'reconstruction')
    with pytest.raises(
        CheckpointError, match=r'which model\.checkpoint takes; set model\.render_'
    ):
        checked_config(reconstruction(), 'occany_plus', 'rendering')
    with pytest.raises(CheckpointError, match=r'like da3; set model\.render_checkpoint to'):
        checked_config(file_of(plain_shapes()), 'occany_plus', 'rendering')
    with pytest.raises(CheckpointError, match=r'it looks like da3: set model\.variant to da3'):
        checked_config(file_of(plain_shapes()), 'occany_plus', 'reconstruction')
    with pytest.raises(CheckpointError, match=r'looks like occany_plus: set model\.variant to'):
        checked_config(reconstruction(), 'da3', 'reconstruction')
    with pytest.raises(CheckpointError, match='not those of the variant occany_plus'):
        checked_config(file_of({'layer.weight': (2, 3)}), 'occany_plus', 'reconstruction')


@pytest.mark.parametrize(
    ('made', 'words'),
    [
        (reconstruction(sam3_use_dpt_proj=False), 'sam3_use_dpt_proj=False instead of True'),
        (rendering(gen_alt_start=4), 'gen_alt_start=4 instead of 0'),
        (rendering(fine_tune_layers='0,1,2'), "fine_tune_layers='0,1,2' instead of those up to 7"),
        (rendering(projection_features='rgb,raymap'), "projection_features='rgb,raymap'"),
        (
            file_of({f'{BACKBONE}.cls_token': (1, 1, 96)}),
            'width of a token: expected one of 384, 768, 1024, 1536, got 96',
        ),
    ],
)
def test_another_kind_of_network_is_refused(made, words):
    variant = plus_variant_of(made)
    with pytest.raises(CheckpointError) as caught:
        checked_config(made, variant, role_of(made))
    assert 'its settings do not fit' in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ('given', 'size'), [(112, 112), (518, 518), (None, 518), (512, 518), ([518, 168], 518)]
)
def test_features_are_made_for_images_of_the_usual_size(given, size):
    made = reconstruction(img_size=given)
    assert checked_config(made, 'occany_plus', 'reconstruction').feature_size == size


def test_settings_may_be_silent_or_spaced():
    spaced = RENDERING_ARGUMENTS['projection_features'].replace(',', ', ')
    made = rendering(projection_features=spaced, gen_alt_start=None, fine_tune_layers=None)
    assert checked_config(made, 'occany_plus', 'rendering').feature_size == 518


def test_reconstruction_alone(plus_files, caplog):
    network = load_plus(plus_files / 'recon.pth')
    assert network.config == PlusConfig(name='vits', feature_size=112)
    assert network.imagining is None
    assert not caplog.messages
    given = read_released_file(plus_files / 'recon.pth').sections['model']
    kept = dict(network.seeing.named_parameters())
    for name, value in given.items():
        if not is_unread(name):
            assert torch.equal(kept.pop(ours_from_released(name)), value)
    assert not kept
    assert not any(x.requires_grad or x.is_meta for x in network.parameters())


def test_what_both_files_have_is_kept_once(plus_files, caplog):
    network = load_plus(plus_files / 'recon.pth', plus_files / 'gen.pth')
    seeing = dict(network.seeing.named_parameters())
    own = {
        name
        for name, parameter in network.imagining.named_parameters()
        if parameter is not seeing.get(name)
    }
    trained = tuple(f'backbone.blocks.{index}.' for index in range(4))
    assert own
    assert all(name.startswith((*trained, 'encoder.')) for name in own)
    given = read_released_file(plus_files / 'gen.pth').sections['model']
    for name, value in given.items():
        ours = ours_from_released(name)
        if ours in own:
            assert torch.equal(network.imagining.get_parameter(ours), value)
    # A block that was never trained for rendering is taken from the reconstruction, and told.
    assert 'weights of its blocks from 4 on differ from those of the reconstruction' in caplog.text
    moved = network.to(torch.float64)
    assert moved.imagining.backbone.blocks[9] is not moved.seeing.backbone.blocks[9]
    first, second = (
        part.backbone.blocks[9].mlp.expand.weight for part in (moved.imagining, moved.seeing)
    )
    assert first is second


def test_half_precision_reaches_the_transformer_alone(plus_files):
    network = load_plus(plus_files / 'recon.pth', precision=torch.bfloat16)
    assert network.seeing.backbone.blocks[0].mlp.expand.weight.dtype == torch.bfloat16
    assert network.seeing.surfaces.norm.weight.dtype == torch.float32


def test_the_shared_norm_is_found_under_any_of_its_names(plus_files):
    given = read_released_file(plus_files / 'model.safetensors').sections['model']
    assert SHARED_NORM.format(0) in given
    assert SHARED_NORM.format(3) not in given
    network = load_plus(plus_files / 'model.safetensors', variant='da3')
    kept = network.get_parameter(f'seeing.{ours_from_released(SHARED_NORM.format(3))}')
    assert torch.equal(kept, given[SHARED_NORM.format(0)])


def test_there_is_no_rendering_for_another_size(monkeypatch):
    from occany_ros.models.plus import checkpoint

    files = {'recon.pth': reconstruction(GIANT), 'gen.pth': rendering(LARGE)}
    monkeypatch.setattr(checkpoint, 'read_released_file', lambda path: files[path.name])
    with pytest.raises(CheckpointError, match='there is no rendering stage for the 1B network'):
        load_plus(Path('recon.pth'), Path('gen.pth'))


def test_a_second_file_that_is_none_is_known_as_the_second(plus_files, tmp_path):
    damaged = tmp_path / 'occany_plus_gen.pth'
    damaged.write_bytes((plus_files / 'gen.pth').read_bytes()[:100_000])
    for path in (tmp_path / 'absent.pth', damaged):
        with pytest.raises(CheckpointError, match=r'set model\.render_checkpoint to') as caught:
            load_plus(plus_files / 'recon.pth', path)
        assert str(path) in str(caught.value)
        assert 'model.checkpoint' not in str(caught.value)
    damaged.write_text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n')
    with pytest.raises(CheckpointError, match=r'_gen\.pth: it is a pointer .* lfs pull`'):
        load_plus(plus_files / 'recon.pth', damaged)


def test_models_of_both_families_by_name(plus_files):
    model = load_model(
        'occany_plus',
        checkpoint=plus_files / 'recon.pth',
        render_checkpoint=plus_files / 'gen.pth',
        device='cpu',
        precision='auto',
    )
    assert isinstance(model.reconstructor, NovelViewRenderer)
    assert (model.stage, model.weights, model.render_weights) == (
        'rendering', 'recon.pth', 'gen.pth'
    )  # fmt: skip
    assert len(model.sha256) == len(model.render_sha256) == 64
    assert (model.image_size.long_side, model.image_size.multiple) == (518, 14)
    assert (model.confidence, model.novel_confidence, model.novel_batch) == (2.0, 6.0, 2)
    assert (model.is_metric, model.plan.count(1)) == (True, 6)
    assert 'non-commercial' in model.licence
    alone = load_model(
        'occany_plus', checkpoint=plus_files / 'recon.pth', device='cpu', precision='auto'
    )
    assert (alone.stage, alone.render_weights) == ('reconstruction', '')
    plain = load_model(
        'da3', checkpoint=plus_files / 'model.safetensors', device='cpu', precision='auto'
    )
    assert (plain.stage, plain.is_metric, plain.class_set) == ('reconstruction', False, None)
    assert 'Apache-2.0' in plain.licence
