"""The presets of the paper say what the paper says, and the node's mapper takes it so."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from occany_ros.cli.node_parameters import given_parameters
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.ros.engine import mapper_config, render_plan
from occany_ros.ros.settings.class_choice import check_mode
from occany_ros.ros.settings.grids import GRIDS
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest

CONFIG = Path(__file__).parents[2] / 'config'
NETWORK = SimpleNamespace(
    plan=NovelViewPlan(views_per_frame=7, forward_m=0.5, rotate_deg=11.0, lateral_m=0.25),
    confidence=9.0,
    novel_confidence=8.0,
    novel_batch=0,
    is_metric=True,
    fusion='carve',
)
# name -> images, steps, metres, degrees, threshold, grid, merge, pooling (OccAny §14)
PRESETS = {
    'paper_kitti': (5, 10, 3, 60, 2.5, 'kitti', 'evaluation', 'geometry'),
    'paper_kitti_mono': (1, 50, 1, 60, 2.0, 'kitti', 'evaluation', 'geometry'),
    'paper_nuscenes_front': (5, 10, 3, 60, 1.1, 'nuscenes', 'evaluation', 'geometry'),
    'paper_nuscenes': (6, 10, 3, 60, 1.1, 'nuscenes', 'evaluation', 'geometry'),
    'paper_demo': (5, 2, 5, 30, 2.0, 'demo', 'demo', 'classes'),
    'paper_kitti_semantic': (5, 10, 1, 60, 2.0, 'kitti', 'evaluation', 'classes'),
    'paper_nuscenes_semantic': (6, 10, 1, 60, 1.01, 'nuscenes', 'evaluation', 'classes'),
    'paper_kitti_pretrained': (5, 10, 1, 60, 2.0, 'kitti', 'evaluation', 'classes'),
    'paper_nuscenes_pretrained': (6, 10, 1, 60, 1.01, 'nuscenes', 'evaluation', 'classes'),
}
# The same of OccAny+, with a threshold of seen and one of rendered points, and how many rendered
# views see each other (OccAny+ §7, §9)
PLUS = {
    'paper_plus_demo': (5, 2, 5, 30, (2, 6), 2, 'demo', 'demo', 'classes'),
    'paper_plus_kitti': (5, 10, 3, 60, (12, 8), 12, 'kitti', 'evaluation', 'geometry'),
    'paper_plus_nuscenes': (6, 10, 3, 60, (4, 6), 12, 'nuscenes', 'evaluation', 'geometry'),
    'paper_plus_kitti_semantic': (5, 10, 1, 60, (6, 6), 2, 'kitti', 'evaluation', 'unified'),
    'paper_plus_nuscenes_semantic': (6, 10, 1, 60, (2, 6), 2, 'nuscenes', 'evaluation', 'unified'),
}
CLASSES = {
    'paper_plus_kitti_semantic': ('distill', 'kitti', '6.49', '13.31', '8.03', '13.17'),
    'paper_plus_nuscenes_semantic': ('distill', 'occ3d', '7.20', '11.51', '9.45', '12.22'),
    'paper_kitti_semantic': ('distill', 'kitti', '7.30', '13.54'),
    'paper_nuscenes_semantic': ('distill', 'occ3d', '6.65', '10.31'),
    'paper_kitti_pretrained': ('pretrained', 'kitti', '7.62', '13.75'),
    'paper_nuscenes_pretrained': ('pretrained', 'occ3d', '7.42', '10.78'),
}
PUBLISHED = {
    'paper_plus_kitti': ('38.11', '49.13', '27.33'),
    'paper_plus_nuscenes': ('46.37', '54.67', '33.49'),
    'paper_kitti': ('36.79', '46.70', '25.91'),
    'paper_kitti_mono': ('45.64', '33.66', '24.03'),
    'paper_nuscenes_front': ('36.09', '40.39', '23.55'),
    'paper_nuscenes': ('45.04', '58.54', '34.15'),
}
WITHOUT_A_STEP_ASIDE = {
    'paper_nuscenes_semantic',
    'paper_nuscenes_pretrained',
    'paper_plus_nuscenes_semantic',
}
VIEWS = {
    'paper_kitti': 150,
    'paper_kitti_mono': 150,
    'paper_nuscenes_front': 150,
    'paper_nuscenes': 180,
    'paper_demo': 30,
    'paper_kitti_semantic': 150,
    'paper_nuscenes_semantic': 180,
    'paper_kitti_pretrained': 150,
    'paper_nuscenes_pretrained': 180,
}


def read(preset):
    return parameters_from(given_parameters(CONFIG / f'{preset}.yaml', []))


def test_there_are_no_other_presets_of_the_paper():
    assert {path.stem for path in CONFIG.glob('paper_*.yaml')} == {*PRESETS, *PLUS}


@pytest.mark.parametrize('preset', PRESETS)
def test_every_number_is_the_papers(preset):
    images, steps, forward_m, rotate_deg, threshold, grid, merge, pooling = PRESETS[preset]
    parameters = read(preset)
    config = mapper_config(parameters, NETWORK)
    assert config.plan == NovelViewPlan(
        views_per_frame=steps,
        forward_m=forward_m,
        rotate_deg=rotate_deg,
        lateral_m=0.0 if preset in WITHOUT_A_STEP_ASIDE else 2.0,
    )
    assert len(parameters.cameras) * config.frames == images
    assert config.plan.count(images) == images * steps * 3 == VIEWS[preset]
    assert (config.confidence, config.novel_confidence) == (threshold, threshold)
    assert config.grid == GRIDS[grid]
    assert (config.merge, config.pooling, config.fusion) == (merge, pooling, 'trilinear')
    assert (parameters.model.variant, parameters.model.image_size) == ('occany', 512)
    if images == 5 and preset != 'paper_demo':
        assert config.min_interval_s == 1.0


@pytest.mark.parametrize('preset', PLUS)
def test_every_number_of_occany_plus_is_the_papers(preset):
    images, steps, forward_m, rotate_deg, thresholds, batch, grid, merge, pooling = PLUS[preset]
    parameters = read(preset)
    config = mapper_config(parameters, NETWORK)
    assert config.plan == NovelViewPlan(
        views_per_frame=steps,
        forward_m=forward_m,
        rotate_deg=rotate_deg,
        lateral_m=0.0 if preset in WITHOUT_A_STEP_ASIDE else 2.0,
    )
    assert len(parameters.cameras) * config.frames == images
    assert (config.confidence, config.novel_confidence) == thresholds
    assert config.novel_batch == batch
    assert config.grid == GRIDS[grid]
    assert (config.merge, config.pooling, config.fusion) == (merge, pooling, 'trilinear')
    assert (parameters.model.variant, parameters.model.image_size) == ('occany_plus', 518)


@pytest.mark.parametrize('preset', PLUS)
def test_occany_plus_differs_in_what_its_paper_changes_alone(preset):
    plain = read(preset.replace('_plus', ''))
    ours = read(preset)
    for group in ('camera', 'memory', 'semantics', 'costmap', 'obstacles', 'mode', 'base_frame'):
        assert getattr(ours, group) == getattr(plain, group)
    assert replace(ours.render, batch=0) == plain.render


@pytest.mark.parametrize('preset', PUBLISHED)
def test_what_was_published_stands_beside_it(preset):
    comment = (CONFIG / f'{preset}.yaml').read_text().partition('/**')[0]
    for figure in PUBLISHED[preset]:
        assert figure in comment


@pytest.mark.parametrize('preset', [*PRESETS, *PLUS])
def test_where_classes_come_from(preset):
    mode, class_set, *figures = CLASSES.get(preset, ('off', 'auto'))
    parameters = read(preset)
    assert (parameters.semantics.mode, parameters.semantics.class_set) == (mode, class_set)
    comment = (CONFIG / f'{preset}.yaml').read_text().partition('/**')[0]
    for figure in figures:
        assert figure in comment
    if mode == 'pretrained':
        with pytest.raises(ValueError, match=r'^semantics\.weights: '):
            check_mode(parameters)
        given = replace(parameters.semantics, weights='/some/where')
        check_mode(replace(parameters, semantics=given))
    else:
        check_mode(parameters)


def test_surround_cameras_are_in_the_papers_order():
    assert read('paper_nuscenes').cameras == (
        'front', 'front_right', 'front_left', 'back', 'back_left', 'back_right'
    )  # fmt: skip
    known = {camera.name: camera.image_topics for camera in read('nuscenes').camera}
    for camera in read('paper_nuscenes').camera:
        assert camera.image_topics == known[camera.name]


def test_what_is_left_open_follows_the_network():
    config = mapper_config(parameters_from({}), NETWORK)
    assert (config.novel, config.plan) == (NETWORK.plan, None)
    assert (config.confidence, config.novel_confidence) == (9.0, 8.0)
    assert (config.merge, config.pooling, config.novel_batch) == ('evaluation', 'none', 0)
    some = {'render.rotate_deg': 0.0, 'render.lateral_m': 0.0, 'render.forward_m': -2.0}
    plan = render_plan(parameters_from(some), NETWORK)
    assert plan == NovelViewPlan(views_per_frame=7, forward_m=-2.0, rotate_deg=0.0, lateral_m=0.0)
    balanced = parameters_from({'mode': 'balanced', 'render.views_per_frame': 4})
    assert mapper_config(balanced, NETWORK).plan.count(1) == 3
