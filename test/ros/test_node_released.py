"""The node takes files in the format of the released weights, of every family and stage."""

from dataclasses import replace

from occany_ros.models.checkpoint_manifest import manifest_of
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
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
