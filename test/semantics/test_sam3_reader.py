"""Label maps of SAM 3, from small networks that lie in a folder as the released one does."""

import numpy as np
from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.semantics.classes import KITTI, OCC3D
from occany_ros.semantics.painting import paint
from occany_ros.semantics.sam3_prompts import queried_prompts
from occany_ros.semantics.sam3_reader import network_image, sam3_label_reader
import pytest
from sam3_folders import PATCHES, sam3_features, save_small_sam3
import torch

CPU = torch.device('cpu')
SIZE = (12, 37)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    folder = tmp_path_factory.mktemp('weights')
    save_small_sam3(folder / 'sam3', video=True)
    return folder


@pytest.fixture(scope='module')
def distilled(weights):
    return sam3_label_reader(weights, OCC3D, 'distill', device=CPU)


@pytest.fixture(scope='module')
def pretrained(weights):
    reader = sam3_label_reader(weights, OCC3D, 'pretrained', device=CPU)
    reader.detector.threshold = 0.2  # drawn weights are sure of nothing
    return reader


def images(count=2):
    drawn = np.random.default_rng(4)
    return [drawn.integers(0, 256, (*SIZE, 3), np.uint8) for _ in range(count)]


def test_parts_of_larger_arrays_are_images_too():
    image = images(1)[0]
    image.flags.writeable = False
    mirrored = network_image(image[:, ::-1], 64)
    assert torch.equal(mirrored, network_image(np.ascontiguousarray(image[:, ::-1]), 64))


def test_labels_are_free_space_or_classes_that_were_asked_for(distilled):
    labels = distilled.read(images(), sam3_features())
    assert labels.shape == (2, *SIZE)
    assert labels.dtype == np.uint8
    asked = {index for _, index in queried_prompts(OCC3D)}
    assert set(np.unique(labels)) <= asked | {OCC3D.empty}
    assert len(np.unique(labels)) > 2


def test_features_are_read_and_images_are_not(distilled):
    labels = distilled.read(images(), sam3_features())
    np.testing.assert_array_equal(
        labels, distilled.read([0 * x for x in images()], sam3_features())
    )
    assert (labels != distilled.read(images(), tuple(-x for x in sam3_features()))).any()


def test_nothing_found_is_free_space(weights):
    strict = sam3_label_reader(weights, KITTI, 'distill', device=CPU)
    strict.detector.threshold = 1.0
    assert (strict.read(images(), sam3_features()) == KITTI.empty).all()


def test_images_pass_through_the_image_encoder(pretrained):
    image = images(1)[0]
    edge = 14 * PATCHES
    with torch.inference_mode():
        answer = pretrained.image_encoder(network_image(image, edge)[None])
    pyramid = tuple(level[0] for level in answer.fpn_hidden_states[:3])
    assert [level.shape[-1] for level in pyramid] == [4 * PATCHES, 2 * PATCHES, PATCHES]
    found = pretrained.detector.find(pyramid, SIZE)
    assert len(found.scores) > 0
    expected = paint(found.pixels, found.scores, found.labels, OCC3D.empty, (OCC3D.other,))
    np.testing.assert_array_equal(pretrained.read([image], ())[0], expected)


def test_parts_that_are_done_with_are_dropped(distilled, pretrained):
    assert distilled.detector.threshold == 0.15
    assert distilled.image_encoder is None
    assert distilled.detector.network.vision_encoder is None
    assert distilled.detector.network.text_encoder is None
    assert pretrained.image_encoder is not None
    assert pretrained.detector.network.text_encoder is None


def test_each_source_has_its_published_threshold(weights):
    reader = sam3_label_reader(weights, OCC3D, 'pretrained', device=CPU)
    assert reader.detector.threshold == 0.5


def test_low_precision_reaches_every_network(weights):
    reader = sam3_label_reader(weights, OCC3D, 'pretrained', device=CPU, precision=torch.bfloat16)
    seen = []
    for part in (
        reader.image_encoder.backbone.layers[0].mlp.fc1,
        reader.detector.network.detr_encoder.layers[0].mlp.fc1,
    ):
        part.register_forward_hook(lambda _part, _args, answer: seen.append(answer.dtype))
    reader.read(images(1), ())
    assert set(seen) == {torch.bfloat16}
    assert len(seen) >= 2


def test_a_folder_without_sam3_is_explained(tmp_path):
    pytest.importorskip('transformers', reason='the optional extra semantics is not installed')
    with pytest.raises(CheckpointError, match=r'sam3.*semantics\.weights'):
        sam3_label_reader(tmp_path, OCC3D, 'distill', device=CPU)
