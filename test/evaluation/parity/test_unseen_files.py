"""
Checks hold for files of other sizes and contents, and fail for wrong numbers.

The files are written here by plain, slow code of this test where one exists, else by our own
networks; the latter shows that sizes, weights and inputs are found from a file alone.
"""

from occany_ros.cli.parity import run
from occany_ros.evaluation.parity.comparison import compare, thinned
from occany_ros.evaluation.parity.deterministic import drawn, drawn_images
from occany_ros.evaluation.parity.fixture import read_fixture, relatives, settings
from occany_ros.evaluation.parity.networks import DecoderRun
from occany_ros.evaluation.parity.registry import check_file
from occany_ros.evaluation.parity.scene import call_arguments, corridor
from occany_ros.evaluation.parity.setup import build_decoder, build_encoder, encoder_config
from occany_ros.models.occany import groups
import pytest
from safetensors.torch import save_file
import torch

ENCODER = {
    'config': 'Encoder(img_size=(32,48),patch_size=16,embed_dim=64,depth=2,num_heads=2)',
    'weight_scale': '0.12',
}
DECODER = {
    'config': str(
        {
            'enc_embed_dim': '64',
            'embed_dim': '48',
            'depth': '3',
            'num_heads': '2',
            'distill_img_size': '64',
            'pointmaps_activation': 'ActivationType.LINEAR',
        }
    ),
    'weight_scale': '0.12',
}


def write(folder, stem, tensors, metadata=None):
    path = folder / f'{stem}.safetensors'
    save_file({name: x.contiguous() for name, x in tensors.items()}, str(path), metadata)
    return path


@pytest.fixture
def encoder_file(tmp_path):
    images = drawn_images('input.enc_other.img', (2, 3, 3, 32, 48))
    path = write(tmp_path, 'enc_other_sharp', {'img': images}, ENCODER)
    with torch.inference_mode():
        tokens = build_encoder(read_fixture(path))(images.flatten(0, 1))
    return write(tmp_path, 'enc_other_sharp', {'img': images, 'tokens': tokens[:, ::2]}, ENCODER)


@pytest.fixture
def decoder_file(tmp_path, encoder_file):
    images = read_fixture(encoder_file).tensors['img']
    with torch.inference_mode():
        flat = build_encoder(read_fixture(encoder_file))(images.flatten(0, 1))
    tokens = flat.reshape(2, 3, 6, 64)
    places = torch.cartesian_prod(torch.arange(2), torch.arange(3)).expand(2, 3, 6, 2)
    path = write(tmp_path, 'dec_other_sharp', {'x': tokens, 'pos': places}, DECODER)
    with torch.inference_mode():
        decoder_run = DecoderRun(*build_decoder(read_fixture(path)), (2, 3), 1e-5)
        memory = decoder_run.remember(tokens, groups(3, is_empty=True))
        decoder_run.render(memory, tokens)
    outputs = {
        'step0.raw': (slice(None), slice(None), slice(None, None, 4), slice(None, None, 4)),
        'step1.block2_out': (),
        'step1.mem1.new': (),
        'step1.mem_labels': (),
        'render.raw': (),
        'render.pose': (),
        'render.sam_s1': (slice(None), slice(0, 1), slice(None, None, 8)),
    }
    stored = {name: decoder_run.answers[name].value[part] for name, part in outputs.items()}
    return write(tmp_path, 'dec_other_sharp', {'x': tokens, 'pos': places, **stored}, DECODER)


def test_sizes_batches_and_weights_come_from_the_files(encoder_file, decoder_file):
    for path in (encoder_file, decoder_file):
        comparisons = check_file(path)
        assert comparisons
        assert all(entry.has_passed for entry in comparisons), comparisons


def test_variant_finds_its_inputs_and_sizes_beside_it(tmp_path, decoder_file):
    tokens = read_fixture(decoder_file).tensors['x'][:, :1]
    with torch.inference_mode():
        decoder_run = DecoderRun(*build_decoder(read_fixture(decoder_file)), (2, 3), 1e-5)
        decoder_run.render(decoder_run.remember(tokens, [(0, 1)]), tokens)
    stored = {
        name: decoder_run.answers[name].value for name in ('mem2', 'init.pose', 'render.raw')
    }
    path = write(tmp_path, 'dec_other_sharp_mono', stored)
    assert [other.stem for other in relatives(read_fixture(path), 'dec')] == ['dec_other_sharp']
    comparisons = check_file(path)
    assert len(comparisons) == 3
    assert all(entry.has_passed for entry in comparisons), comparisons
    write(tmp_path, 'dec_other_sharp_mono', {'render.pose': stored['init.pose']})
    with pytest.raises(ValueError, match=r'render\.raw'):
        check_file(path)


def test_images_in_a_decoder_file_are_encoded_first(tmp_path, encoder_file, decoder_file):
    images = read_fixture(encoder_file).tensors['img']
    golden = read_fixture(decoder_file).tensors['render.pose']
    path = write(tmp_path, 'dec_other_sharp_b2', {'img': images, 'render.pose': golden})
    assert encoder_config(read_fixture(path)).width == 64
    (comparison,) = check_file(path)
    assert comparison.has_passed


def test_wrong_numbers_are_noticed(tmp_path, decoder_file, capsys):
    class Arguments:
        directory = tmp_path
        worst = False

    assert run(Arguments) == 0
    tensors = read_fixture(decoder_file).tensors
    tensors['render.raw'] = tensors['render.raw'] + 1e-3
    write(tmp_path, 'dec_other_sharp', tensors, DECODER)
    write(tmp_path, 'unheard_of', {'anything': torch.zeros(1)})
    (tmp_path / 'rope_broken.safetensors').write_text('no tensors')
    capsys.readouterr()
    assert run(Arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    failed = [line.split()[:2] for line in lines if line.endswith('FAIL')]
    assert ['dec_other_sharp', 'render.raw'] in failed
    assert failed[-1][0] == 'rope_broken'
    assert len(failed) == 2
    assert any(line.startswith('unheard_of') and line.endswith('no check yet') for line in lines)


def test_unknown_tensor_of_a_known_file_is_not_passed_over(tmp_path):
    maps = torch.rand(1, 8, 12, 3) + 1
    path = write(tmp_path, 'focal_odd', {'pts3d': maps, 'something': torch.zeros(1)})
    (comparison,) = check_file(path)
    assert (comparison.name, comparison.tolerance) == ('something', None)
    assert not comparison.has_passed


def test_rotations_of_any_head_and_place(tmp_path):
    query = drawn('q', (2, 3, 5, 32))
    places = torch.tensor([[[0, 3], [7, 1], [2, 2], [40, 0], [5, 9]]]).expand(2, 5, 2) * 1
    golden = torch.empty_like(query)
    for b, h, n, axis, k in torch.cartesian_prod(*(torch.arange(s) for s in (2, 3, 5, 2, 8))):
        angle = (places[b, n, axis] + 2) * 100.0 ** (-float(k) / 8)
        u, v = query[b, h, n, axis * 16 + k], query[b, h, n, axis * 16 + k + 8]
        golden[b, h, n, axis * 16 + k] = u * angle.cos() - v * angle.sin()
        golden[b, h, n, axis * 16 + k + 8] = v * angle.cos() + u * angle.sin()
    tensors = {'q9': query, 'pos': places, 'out9': golden}
    path = write(tmp_path, 'rope_other', tensors, {'note': 'out9 uses pos+2'})
    (comparison,) = check_file(path)
    assert comparison.has_passed


def test_thinned_takes_every_nth_element():
    x = torch.arange(60.0).reshape(1, 10, 6)

    def parts(values, *shape, leading_axis=None):
        return [part.tolist() for part in thinned(values, torch.Size(shape), leading_axis)]

    assert parts(x, 1, 10, 6) == [x.tolist()]
    assert parts(x, 1, 5, 6) == [x[:, ::2].tolist()]
    assert parts(x, 1, 5, 6, leading_axis=1) == [x[:, ::2].tolist(), x[:, :5].tolist()]
    # Two rows of ten may be the first and any from the sixth on.
    assert parts(x, 1, 2, 1) == [x[:, ::step, :1].tolist() for step in (5, 6, 7, 8, 9)]
    assert parts(x, 1, 7, 6) == []
    assert parts(x, 1, 12, 6) == []
    assert parts(x.expand(2, 10, 6), 1, 10, 6) == []
    assert parts(x, 60) == []
    assert compare('x', x, x[:, ::7], 0.0).has_passed
    assert not compare('x', x, x[:, 1::7], 0.0).has_passed
    assert compare('x', x, x[:, :3], 0.0, leading_axis=1).has_passed


def test_errors_are_relative_to_large_numbers_and_strict_about_nan():
    golden = torch.tensor([200.0, 0.0])
    assert compare('x', golden + 1, golden, 1e-2).error == pytest.approx(0.005)
    assert compare('x', golden / 1e3 + 0.1, golden / 1e3, 1.0).error == pytest.approx(0.1)
    assert not compare('x', torch.tensor([float('nan'), 0.0]), golden, 1e9).has_passed
    infinite = torch.full((2,), float('inf'))
    assert compare('x', infinite, infinite, 0.0).has_passed
    assert compare('x', torch.zeros(3), golden, 1e9).error == float('inf')


def test_recorded_configurations_are_read_but_not_run():
    assert settings("Net(img_size=(2, 3), kind=Kind.LINEAR, on=True, name='x')") == {
        'img_size': (2, 3),
        'kind': 'Kind.LINEAR',
        'on': True,
        'name': 'x',
    }
    assert settings("{'depth': '4', 'kind': 'Kind.LINEAR'}") == {'depth': 4, 'kind': 'Kind.LINEAR'}
    assert call_arguments('make_scene(3,160,512,300.0)') == [3, 160, 512, 300.0]
    with pytest.raises(ValueError, match='configuration'):
        settings('1 + 1')


def test_corridor_points_lie_on_its_walls_or_far_away():
    raw = corridor(3, 16, 24, 20.0)
    world = raw[..., :3]
    on_wall = torch.stack(
        [(world[..., axis] - at).abs() < 1e-3 for axis, at in ((1, 1.6), (0, 6), (0, -6), (2, 40))]
    ).any(dim=0)
    is_far = raw[..., 5] > 59
    assert bool((on_wall | is_far).all())
    assert bool(on_wall.any())
    torch.testing.assert_close(raw[0, 0, ..., :3], raw[0, 0, ..., 3:6])
