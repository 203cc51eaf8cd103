"""The node takes files in the format of the released weights, of every family and stage."""

from dataclasses import replace

from occany_ros.models.checkpoint_manifest import manifest_of
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.engine import load_engine, mapper_config
from occany_ros.ros.messages import convert
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest
from released_files import all_shapes, drawn_sections, save_released, SMALL_CALLS, SMALL_RENDERING

SMALL = replace(SMALL_RENDERING, ray_maps=None)
FILES = {
    'both stages': ('occany', all_shapes(SMALL_RENDERING)),
    'reconstruction stage': ('occany', manifest_of('occany', SMALL)),
    'plain MUSt3R': ('must3r', manifest_of('must3r', SMALL)),
}


@pytest.mark.parametrize('kind', FILES)
def test_every_kind_of_file_gives_grids(graph, tmp_path, kind):
    variant, shapes = FILES[kind]
    file = save_released(tmp_path / 'weights.pth', drawn_sections(shapes), **SMALL_CALLS)
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.cameras()
    graph.occany(
        model__variant=variant,
        model__checkpoint=str(file),
        mode='balanced',
        confidence__recon=1.0,
        semantics__mode='off',  # nothing here tells classes, which would be worth a warning, too
    )
    graph.wait(lambda: len(grids) >= 2, 'grids')
    grid = convert.grid_from_message(grids[-1])
    assert ((grid.labels > 0) & (grid.labels < 255)).any()
    graph.wait(lambda: graph.figure('inference', 'outputs') >= 2, 'two outputs in diagnostics')
    values = {item.key: item.value for item in graph.status['inference'].values}
    assert (values['variant'], values['weights']) == (variant, 'weights.pth')
    renders = kind == 'both stages'
    assert (int(values['novel_views']) > 0) == renders
    assert (values['mode'] == 'balanced') == renders
    assert (graph.text('inference')[0] == 0) == renders
    assert 'non-commercial' in values['licence']


SMALL_IMAGES = {'model__image_size': 112, 'model__threads': 1}


@pytest.mark.parametrize('kind', ['both files', 'reconstruction', 'plain'])
def test_occany_plus_and_what_it_grew_from_give_grids(graph, plus_files, kind):
    is_plain = kind == 'plain'
    variant = 'da3' if is_plain else 'occany_plus'
    name = 'model.safetensors' if is_plain else 'recon.pth'
    renders = kind == 'both files'
    second = {'model__render_checkpoint': str(plus_files / 'gen.pth')} if renders else {}
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.cameras()
    graph.occany(
        model__variant=variant,
        model__checkpoint=str(plus_files / name),
        mode='balanced',
        confidence__recon=1.0,
        confidence__render=1.0,
        semantics__mode='off',  # nothing here tells classes, which would be worth a warning, too
        **SMALL_IMAGES,
        **second,
    )
    graph.wait(lambda: len(grids) >= 2, 'grids', patience_s=120)
    grid = convert.grid_from_message(grids[-1])
    assert ((grid.labels > 0) & (grid.labels < 255)).any()
    graph.wait(lambda: graph.figure('inference', 'outputs') >= 2, 'two outputs in diagnostics')
    values = {item.key: item.value for item in graph.status['inference'].values}
    assert (values['variant'], values['weights']) == (variant, name)
    assert ('render_sha256' in values) == renders
    assert (int(values['novel_views']) > 0) == renders
    assert (values['mode'] == 'balanced') == renders
    level, text = graph.text('inference')
    assert (level == 0) == renders
    assert (values['lengths'] == 'metres') == (not is_plain)
    assert ('set scale.source to odom or camera_height' in text) == is_plain
    assert ('Apache-2.0' if is_plain else 'non-commercial') in values['licence']


def test_swapped_files_are_named(graph, plus_files):
    graph.cameras()
    graph.occany(
        model__variant='occany_plus',
        model__checkpoint=str(plus_files / 'gen.pth'),
        model__render_checkpoint=str(plus_files / 'recon.pth'),
    )
    graph.wait(
        lambda: 'set model.render_checkpoint to it' in graph.text('inference')[1], 'the remedy'
    )


def test_what_a_loaded_engine_says_of_two_files(plus_files):
    given = {
        'model.variant': 'occany_plus',
        'model.checkpoint': str(plus_files / 'recon.pth'),
        'model.render_checkpoint': str(plus_files / 'gen.pth'),
        'model.device': 'cpu',
    }
    with pytest.raises(ValueError, match=r'model\.image_size: expected a multiple of 14, got 128'):
        load_engine(parameters_from(given | {'model.image_size': 128}))
    parameters = parameters_from(given | {'render.batch': 5})
    engine = load_engine(parameters)
    about = engine.about()
    assert (about['weights'], about['render_weights']) == ('recon.pth', 'gen.pth')
    assert about['sha256'] != about['render_sha256']
    assert mapper_config(parameters, engine.model).novel_batch == 5
    config = mapper_config(parameters_from(given), engine.model)
    assert (config.confidence, config.novel_confidence, config.novel_batch) == (2.0, 6.0, 2)
    assert (config.novel.views_per_frame, config.novel.forward_m) == (2, 3.0)
