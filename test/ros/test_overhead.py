"""The node's message work without a node, as `occany bench host` times it."""

import numpy as np
from occany_ros.evaluation.bench.cost import Effort
from occany_ros.evaluation.bench.host import host_report, street_images, TOTAL
from occany_ros.models.factory import load_model
from occany_ros.ros.messages.outputs import SCENE_OUTPUTS
from occany_ros.ros.overhead import compressed_messages, decoded, published_bytes, raw_messages
from occany_ros.semantics.classes import OCC3D

IMAGES = street_images(2, (90, 160))


def test_a_raw_set_is_decoded_to_its_images():
    messages = raw_messages(IMAGES)
    assert {message.encoding for message in messages} == {'bgr8'}
    assert all(np.array_equal(a, b) for a, b in zip(decoded(messages), IMAGES, strict=True))


def test_a_compressed_set_is_decoded_to_about_its_images():
    found = decoded(compressed_messages(IMAGES))
    assert [image.shape for image in found] == [image.shape for image in IMAGES]
    assert np.abs(found[0].astype(float) - IMAGES[0]).mean() < 10


def test_every_output_is_made_and_timed():
    model = load_model('tiny', checkpoint=None, device='cpu', precision='fp32')
    raw, compressed = raw_messages(IMAGES), compressed_messages(IMAGES)
    sizes = []

    def publish(occupancy):
        sizes.append(published_bytes(occupancy, OCC3D))
        return sizes[-1]

    report = host_report(
        model,
        OCC3D,
        {'raw': lambda: decoded(raw), 'jpeg': lambda: decoded(compressed)},
        publish,
        Effort(repeats=1, warm_up=1),
    )
    seconds = report.figures['median_s']
    assert list(seconds) == ['decode raw', 'decode jpeg', 'preprocess', 'publish', TOTAL]
    assert seconds[TOTAL] >= seconds['publish'] > 0
    labels_and_confidence = 2 * 200 * 200 * 16
    assert report.figures['bytes'] == sizes[0] > labels_and_confidence
    assert len(SCENE_OUTPUTS) >= 10
