"""Acceptance 10: what a message of 40 000 voxels costs."""

import statistics
import time

import numpy as np
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.occupancy.voxels import occupied_voxels
from occany_ros.pipeline.occupancy_update import Cloud
from occany_ros.ros.messages import convert
from occany_ros.semantics.classes import OCC3D
from rclpy.serialization import serialize_message

COUNT = 40_000
LIMIT_S = 0.005
ROUNDS, REPEATS = 7, 9


def street():
    """Fill 40 000 voxels of a grid of 640 000."""
    rng = np.random.default_rng(10)
    labels = np.zeros(200 * 200 * 16, np.uint8)
    labels[rng.choice(labels.size, COUNT, replace=False)] = rng.integers(1, 18, COUNT)
    shape = (200, 200, 16)
    return OccupancyGrid3d(
        spec=GridSpec((-40.0, -40.0, -1.0), 0.4, shape),
        labels=labels.reshape(shape),
        confidence=np.full(shape, 128, np.uint8),
        class_names=OCC3D.grid_names,
    )


def test_acceptance_10_forty_thousand_voxels_cost_less_than_5_ms():
    """Processor time, median of a round; the best of some rounds, as others share the caches."""
    found = occupied_voxels(street())
    head = convert.header(1_700_000_000_000_000_000, 'base_link')

    def seconds():
        start = time.thread_time()
        cloud = Cloud(
            points=found.centres,
            rgb=OCC3D.grid_colours[found.labels],
            labels=found.labels,
            confidence=found.confidence.astype(np.float32) / np.float32(255),
        )
        data = serialize_message(convert.cloud_message(cloud, head))
        elapsed = time.thread_time() - start
        assert len(data) > 24 * COUNT
        return elapsed

    rounds = [statistics.median(seconds() for _ in range(REPEATS)) for _ in range(ROUNDS)]
    assert min(rounds) < LIMIT_S, f'{1e3 * min(rounds):.2f} ms'
