"""The mapper around small networks of both kinds: OccAny+ tells places, SAM 3 what is there."""

import numpy as np
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.occany_plus import OccAnyPlus
from occany_ros.occupancy.grid import FREE, GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.label_rules import LabelRules
from occany_ros.pipeline.mapper import Mapper
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.sam3_prompts import queried_prompts
from occany_ros.semantics.sam3_reader import sam3_label_reader
from oracle_reconstructor import frame_set, mounted
import pytest
from sam3_folders import save_small_sam3
import torch

CPU = torch.device('cpu')
SIZES = PlusConfig(name='vits', feature_size=28)
CAMERAS = [mounted('front'), mounted('rear', yaw_deg=180.0)]
GRID = GridSpec(origin=(-40.0, -40.0, -20.0), resolution=2.0, shape=(40, 40, 20))


@pytest.fixture(scope='module')
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(8)
        return OccAnyPlus(SIZES).eval()


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    folder = tmp_path_factory.mktemp('weights')
    save_small_sam3(folder / 'sam3', width=256)
    return folder


@pytest.mark.parametrize(('source', 'classes'), [('distill', OCC3D), ('pretrained', KITTI)])
def test_what_is_found_in_images_is_in_the_grid(network, weights, source, classes):
    reader = sam3_label_reader(weights, classes, source, device=CPU)
    reader.detector.threshold = 0.2  # drawn weights are sure of nothing
    mapper = Mapper(
        reconstructor=network,
        classes=classes,
        image_size=lambda _width, _height: (56, 28),
        config=MapperConfig(labels=LabelRules(source=source), grid=GRID, confidence=1.0),
        device=CPU,
    ).with_reader(reader)
    state = mapper.initial()
    for seconds in (0.0, 0.6):
        state, answer = mapper.step(state, frame_set(CAMERAS, seconds))
    asked = {classes.names[index] for _, index in queried_prompts(classes)}
    shown = {answer.grid.class_names[x] for x in np.unique(answer.grid.labels) if x != FREE}
    assert len(shown & asked) > 1
    assert shown <= asked | {'other'}
    for view in answer.views:
        assert view.labels.shape == (28, 56)
        assert len(np.unique(view.labels)) > 1
