"""Models are found by name, and what cannot be loaded is explained."""

from pathlib import Path

from occany_ros.models import device as devices
from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.models.checkpoint_manifest import released_weights
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.device import resolve_device, resolve_precision
from occany_ros.models.factory import load_model
from occany_ros.models.occany import OccAny
from occany_ros.models.prediction import NovelViewRenderer
import pytest
from released_files import save_released, SMALL_CALLS
import torch


@pytest.fixture
def weights(tmp_path):
    config = OccAnyConfig(
        encoder=EncoderConfig(width=64, depth=1, heads=1),
        decoder=DecoderConfig(encoder_width=64, width=64, depth=1, heads=1),
    )
    path = tmp_path / 'small.pth'
    torch.save(released_weights(OccAny(config)), path)
    return path


def test_occany_from_a_released_file(weights):
    model = load_model('occany', checkpoint=weights, device='cpu', precision='auto')
    assert isinstance(model.reconstructor, OccAny)
    assert (model.variant, model.class_set, model.weights) == ('occany', None, 'small.pth')
    assert (model.precision, model.device.type) == ('fp32', 'cpu')
    assert len(model.sha256) == 64
    assert (model.image_size.long_side, model.image_size.multiple) == (512, 16)
    assert (model.stage, model.confidence, model.novel_confidence) == ('reconstruction', 2.0, 2.0)
    assert model.plan.count(1) == 6


def test_precision_reaches_the_network(weights):
    model = load_model('occany', checkpoint=weights, device='cpu', precision='bf16')
    assert model.reconstructor.precision == torch.bfloat16


def test_file_of_both_stages_renders(tmp_path, small_sections):
    path = save_released(tmp_path / 'both.pth', small_sections, **SMALL_CALLS)
    model = load_model('occany', checkpoint=path, device='cpu', precision='fp32')
    assert model.stage == 'rendering'
    assert isinstance(model.reconstructor, NovelViewRenderer)


def test_plain_must3r(tmp_path, small_must3r):
    call = SMALL_CALLS['decoder'].replace('(512, 512)', '(224, 224)')
    path = save_released(
        tmp_path / 'MUSt3R_224.pth',
        released_weights(small_must3r),
        activation=None,
        encoder=SMALL_CALLS['encoder'],
        decoder=call.replace('pointmaps_activation=ActivationType.LINEAR, ', ''),
    )
    model = load_model('must3r', checkpoint=path, device='cpu', precision='fp32')
    assert (model.variant, model.stage, model.class_set) == ('must3r', 'reconstruction', None)
    assert model.image_size.long_side == 224
    assert model.reconstructor.config.decoder.family == 'must3r'
    assert model.reconstructor.config.decoder.activation == 'norm_exp'


@pytest.mark.parametrize('variant', ['occany', 'must3r'])
def test_the_right_variant_is_named(tmp_path, small_must3r, small_occany, variant):
    other, network = ('must3r', small_must3r) if variant == 'occany' else ('occany', small_occany)
    path = save_released(tmp_path / 'file.pth', released_weights(network), **SMALL_CALLS)
    with pytest.raises(CheckpointError, match=f'it looks like {other}: set model.variant to'):
        load_model(variant, checkpoint=path, device='cpu', precision='fp32')


@pytest.mark.parametrize(
    ('variant', 'device', 'precision', 'message'),
    [
        (
            'huge',
            'cpu',
            'fp32',
            'model.variant: expected one of tiny, occany, occany_plus, must3r, da3, got',
        ),
        ('tiny', 'abacus', 'fp32', 'model.device: expected auto, cpu or cuda'),
        ('tiny', 'cpu', 'fp8', 'model.precision: expected one of auto, fp32, bf16, fp16'),
        ('occany', 'cpu', 'fp32', 'model.checkpoint: expected the released weights'),
        ('must3r', 'cpu', 'fp32', 'model.checkpoint: expected the released weights'),
        ('occany_plus', 'cpu', 'fp32', 'model.checkpoint: expected the released weights'),
        ('da3', 'cpu', 'fp32', 'model.checkpoint: expected the released weights'),
    ],
)
def test_wrong_parameters_are_named(variant, device, precision, message):
    with pytest.raises(ValueError, match=message):
        load_model(variant, checkpoint=None, device=device, precision=precision)


@pytest.mark.parametrize('variant', ['tiny', 'occany', 'must3r', 'da3'])
def test_only_occany_plus_has_a_second_file(variant):
    with pytest.raises(ValueError, match=r'model\.render_checkpoint: expected none for the var'):
        load_model(
            variant,
            checkpoint=None,
            device='cpu',
            precision='fp32',
            render_checkpoint=Path('gen.pth'),
        )


def test_unknown_acceleration_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(ValueError, match=r'model\.compile: expected one of off, compile, graphs'):
        load_model(
            'occany',
            checkpoint=tmp_path / 'no',
            device='cpu',
            precision='fp32',
            acceleration='more',
        )


def test_acceleration_in_use_is_told(caplog):
    model = load_model(
        'tiny', checkpoint=None, device='cpu', precision='fp32', acceleration='graphs'
    )
    assert model.acceleration == 'off'
    assert 'model.compile: graphs is not used' in caplog.text


@pytest.mark.parametrize('has_products', [True, False])
def test_fp16_on_a_processor_without_products_for_it(monkeypatch, has_products):
    monkeypatch.setattr(devices, 'cpu_multiplies_fp16', lambda: has_products)
    assert resolve_precision('fp16', torch.device('cuda')) == 'fp16'
    if has_products:
        assert resolve_precision('fp16', torch.device('cpu')) == 'fp16'
        return
    with pytest.raises(ValueError, match=r'model\.precision: .* set it to bf16'):
        resolve_precision('fp16', torch.device('cpu'))


def test_absent_gpu_is_an_error_only_if_asked_for():
    absent = f'cuda:{torch.cuda.device_count()}'
    with pytest.raises(ValueError, match='expected a device of this machine'):
        resolve_device(absent)
    assert resolve_device('auto').type == ('cuda' if torch.cuda.is_available() else 'cpu')
    assert resolve_precision('auto', torch.device('cpu')) == 'fp32'
    assert resolve_precision('auto', torch.device('cuda')) == 'bf16'


@pytest.mark.parametrize('variant', ['tiny', 'occany', 'occany_plus', 'must3r', 'da3'])
def test_wrong_file_is_a_checkpoint_error(tmp_path, variant):
    with pytest.raises(CheckpointError, match='there is no such file'):
        load_model(variant, checkpoint=tmp_path / 'no', device='cpu', precision='fp32')
    (tmp_path / 'text').write_text('no weights')
    with pytest.raises(CheckpointError, match='text'):
        load_model(variant, checkpoint=tmp_path / 'text', device='cpu', precision='fp32')
    with pytest.raises(CheckpointError, match='it is a folder, not a weight file'):
        load_model(variant, checkpoint=tmp_path, device='cpu', precision='fp32')
