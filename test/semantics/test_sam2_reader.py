"""Label maps of GroundingDINO and SAM 2, from whole small networks."""

import numpy as np
from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.semantics.boxes import Boxes, BoxThresholds
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.grounding import FOLDER as DETECTOR
from occany_ros.semantics.grounding import Grounding
from occany_ros.semantics.painting import Masks, merge, paint
from occany_ros.semantics.prompts import detector_prompts
from occany_ros.semantics.sam2 import Sam2
from occany_ros.semantics.sam2_reader import (
    FOLDER,
    label_map,
    sam2_label_reader,
    Sam2LabelReader,
)
from occany_ros.semantics.squeezing import squeezed_masks, stretched_masks
import pytest
from sam2_folders import (
    released_grounding,
    released_sam2,
    sam2_features,
    save_small_grounding,
    save_small_masks,
    tokenizer,
)
import torch

CPU = torch.device('cpu')
SIZE = (24, 40)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    return save_small_masks(tmp_path_factory.mktemp('weights'))


@pytest.fixture(scope='module')
def distilled(weights):
    return sam2_label_reader(weights, OCC3D, 'distill', device=CPU)


@pytest.fixture(scope='module')
def pretrained(weights):
    return sam2_label_reader(weights, OCC3D, 'pretrained', device=CPU)


def images(count=2):
    drawn = np.random.default_rng(4)
    return [drawn.integers(0, 256, (*SIZE, 3), np.uint8) for _ in range(count)]


@pytest.mark.parametrize('source', ['distill', 'pretrained'])
@pytest.mark.parametrize('classes', [OCC3D, KITTI], ids=lambda one: one.name)
def test_labels_are_free_space_or_classes_that_were_asked_for(weights, classes, source):
    reader = sam2_label_reader(weights, classes, source, device=CPU)
    labels = reader.read(images(), sam2_features() if source == 'distill' else ())
    assert labels.shape == (2, *SIZE)
    assert labels.dtype == np.uint8
    asked = {index for _, index in detector_prompts(classes)}
    assert set(np.unique(labels)) <= asked | {classes.empty}
    assert len(np.unique(labels)) > 2


def test_features_and_images_both_count(distilled):
    labels = distilled.read(images(), sam2_features())
    assert (labels != distilled.read(images(), sam2_features(seed=6))).any()
    assert (labels != distilled.read(images()[::-1], sam2_features())).any()


def test_features_of_images_are_those_of_the_segmenter(distilled, pretrained):
    pyramids = [pretrained.segmenter.encode(image) for image in images()]
    levels = tuple(torch.stack(level) for level in zip(*pyramids, strict=True))
    np.testing.assert_array_equal(distilled.read(images(), levels), pretrained.read(images(), ()))


def test_masks_are_united_rounded_and_painted(distilled):
    pyramid = tuple(level[0] for level in sam2_features())
    drawn = torch.rand(6, 4, generator=torch.Generator().manual_seed(1))
    boxes = Boxes(
        places=0.2 + 0.4 * drawn,
        scores=torch.tensor([0.5, 0.501, 0.3, 0.9, 0.2, 0.1]),
        labels=np.array([4, 4, 11, 15, 16, 4]),
    )
    masks = distilled.segmenter.masks(pyramid, boxes.places, SIZE)
    found = merge(Masks(masks.numpy(), boxes.scores.numpy(), boxes.labels))
    assert len(found.labels) == 5
    rounded = stretched_masks(squeezed_masks(torch.from_numpy(found.pixels), 128), SIZE)
    expected = paint(rounded.numpy(), found.scores, found.labels, OCC3D.empty, ())
    painted = label_map(distilled.segmenter, pyramid, boxes, SIZE, OCC3D.empty)
    np.testing.assert_array_equal(painted, expected)
    assert len(np.unique(painted)) > 2


def test_nothing_found_is_free_space(distilled, monkeypatch):
    nothing = Boxes(torch.zeros(0, 4), torch.zeros(0), np.zeros(0, np.int64))
    sky = Boxes(torch.full((1, 4), 0.5), torch.ones(1), np.array([OCC3D.empty]))
    for found in (nothing, sky):
        monkeypatch.setattr(distilled.detector, 'detect', lambda _image, found=found: found)
        assert (distilled.read(images(), sam2_features()) == OCC3D.empty).all()


def test_parts_that_are_not_needed_are_dropped(distilled, pretrained):
    assert distilled.segmenter.network.vision_encoder is None
    assert pretrained.segmenter.network.vision_encoder is not None


def test_folders_that_are_missing_are_named(tmp_path):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    with pytest.raises(CheckpointError, match=DETECTOR):
        sam2_label_reader(tmp_path, OCC3D, 'distill', device=CPU)
    save_small_grounding(tmp_path / DETECTOR)
    with pytest.raises(CheckpointError, match=FOLDER):
        sam2_label_reader(tmp_path, OCC3D, 'distill', device=CPU)


@pytest.mark.slow
def test_the_released_sizes_label_an_image_of_the_paper():
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    detector = Grounding(released_grounding(), tokenizer(), OCC3D, BoxThresholds(0.0, 0.0))
    segmenter = Sam2(released_sam2())
    assert parameters(detector.network) == 232_315_264
    assert parameters(segmenter.network.vision_encoder) == 212_703_280
    assert segmenter.widths == (256, 64, 32)
    image = np.random.default_rng(4).integers(0, 256, (160, 512, 3), np.uint8)
    reader = Sam2LabelReader(detector, segmenter, OCC3D, reads_images=True)
    labels = reader.read([image], ())
    assert labels.shape == (1, 160, 512)
    assert len(np.unique(labels)) > 1
    reader = Sam2LabelReader(detector, segmenter, OCC3D, reads_images=False)
    pyramid = tuple(level[None] for level in segmenter.encode(image))
    assert [level.shape[-1] for level in pyramid] == [32, 64, 128]
    np.testing.assert_array_equal(reader.read([image], pyramid), labels)


def parameters(network):
    return sum({id(one): one.numel() for one in network.parameters()}.values())
