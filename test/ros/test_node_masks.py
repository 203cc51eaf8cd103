"""Networks of masks beside the network of geometry in a running node: small, drawn, but real."""

from camera_process import FIRST_NS, picture
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.pipeline.clouds import resampled
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.sam2_reader import sam2_label_reader
import pytest
from released_files import all_shapes, drawn_sections, save_released, SMALL_CALLS, SMALL_RENDERING
from released_plus_files import write_small_files
from sam2_folders import save_small_masks
from sam3_folders import save_small_sam3
from sensor_msgs.msg import Image
import torch

WIDTH, HEIGHT = 128, 64
PERIOD_NS = 100_000_000
SHRUNK = 4
"""A pixel of the tiny network's maps is so many of its image."""


@pytest.fixture(scope='module')
def masks(tmp_path_factory):
    """Save small networks of masks as the model hub lays them out: what all variants need."""
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    folder = tmp_path_factory.mktemp('masks')
    save_small_masks(folder, width=256)
    save_small_sam3(folder / 'sam3', width=256)
    return folder


def told(graph):
    """Read what diagnostics say of the networks."""
    return {item.key: item.value for item in graph.status['inference'].values}


def classes_shown(grid):
    """Name the classes of the occupied voxels."""
    labels = np.unique(np.frombuffer(grid.labels, np.uint8))
    return {grid.class_names[label] for label in labels if label not in (0, 255)}


def stamp_ns(message):
    """Time of an image, nanoseconds."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_pictures_are_what_the_masks_say_of_each_camera(graph, masks):
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    cameras = ('front', 'rear')
    shown = {name: graph.subscribe(Image, f'/occany/{name}/semantic') for name in cameras}
    graph.cameras(names=cameras)
    node = graph.occany(
        cameras=cameras,
        confidence__recon=1.0,
        semantics__mode='pretrained',
        semantics__weights=str(masks),
        semantics__class_set='kitti',
    )
    graph.wait(lambda: all(len(images) >= 2 for images in shown.values()), 'pictures of labels')
    graph.wait(lambda: len(grids) >= 2, 'grids')
    reader = sam2_label_reader(masks, KITTI, 'pretrained', device=torch.device('cpu'))
    for images in shown.values():
        step = round((stamp_ns(images[-1]) - FIRST_NS) / PERIOD_NS)
        (labels,) = reader.read([picture(step, WIDTH, HEIGHT)], ())
        labels = KITTI.grid_from_native[np.where(labels == KITTI.empty, 255, labels)]
        small = resampled(labels, (HEIGHT // SHRUNK, WIDTH // SHRUNK))
        pixels = np.frombuffer(images[-1].data, np.uint8).reshape(HEIGHT, WIDTH)
        assert len(np.unique(pixels)) > 1
        assert (pixels == resampled(small, (HEIGHT, WIDTH))).mean() > 0.99
    assert classes_shown(grids[-1]) & set(KITTI.names)
    assert list(grids[-1].class_names) == list(KITTI.grid_names)
    graph.wait(lambda: graph.figure('inference', 'labels_ms_p50') > 0, 'the time it takes')
    assert told(graph)['labels'] == 'GroundingDINO and SAM 2 on the images themselves'
    assert 'Apache-2.0' in told(graph)['labels_licence']
    assert 'Warning' not in node.text


@pytest.mark.parametrize('variant', ['occany', 'occany_plus'])
def test_distilled_features_are_read(graph, masks, tmp_path, variant):
    files = {'model__checkpoint': str(tmp_path / 'recon.pth'), 'model__image_size': 112}
    if variant == 'occany':
        sections = drawn_sections(all_shapes(SMALL_RENDERING))
        save_released(tmp_path / 'recon.pth', sections, **SMALL_CALLS)
    else:
        write_small_files(tmp_path)
        files['model__render_checkpoint'] = str(tmp_path / 'gen.pth')
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    pictures = graph.subscribe(Image, '/occany/front/semantic')
    graph.cameras()
    node = graph.occany(
        **files,
        model__variant=variant,
        mode='balanced',
        confidence__recon=1.0,
        confidence__render=1.0,
        semantics__weights=str(masks),
        semantics__every=2,
    )
    graph.wait(lambda: len(grids) >= 2 and pictures, 'grids and a picture')
    graph.wait(lambda: graph.figure('inference', 'outputs') >= 2, 'two outputs in diagnostics')
    shown = graph.wait(lambda: classes_shown(grids[-1]) - {'other'}, 'classes')
    assert shown <= set(OCC3D.names)
    assert set(pictures[-1].data) - {255}
    reader = 'SAM 3' if variant == 'occany_plus' else 'GroundingDINO and SAM 2'
    assert told(graph)['labels'] == f"{reader} on the network's own features"
    assert told(graph)['mode'] == 'balanced'
    assert graph.text('inference')[0] == 0
    assert 'Warning' not in node.text


def test_a_folder_without_the_networks_is_named(graph, tmp_path):
    node = graph.occany(semantics__mode='pretrained', semantics__weights=str(tmp_path))
    graph.wait(lambda: graph.text('inference')[0] == 2, 'the error')
    assert str(tmp_path / 'grounding-dino-base') in node.text
    assert 'IDEA-Research/grounding-dino-base' in node.text
