"""Every output of one answer: type, frame, stamp, content, and how its bytes got in."""

import array
from dataclasses import replace
import time

import numpy as np
from occany_ros.geometry.rigid import invert
from occany_ros.occupancy.grid import FREE, GridSpec, OccupancyGrid3d, UNKNOWN
from occany_ros.pipeline.feature_colours import feature_basis
from occany_ros.pipeline.hanging import standing
from occany_ros.pipeline.occupancy_update import CameraView, Cloud, Occupancy
from occany_ros.ros.messages import convert, outputs
from occany_ros.ros.messages.scene import Scene
from occany_ros.ros.settings.parameter_checks import parameters_from
from occany_ros.semantics.classes import OCC3D
from occany_ros.semantics.palette import painted
import pytest
from rclpy.serialization import serialize_message

STAMP_NS = 1_700_000_000_123_456_789
SPEC = GridSpec(origin=(-4.1, -4.0, -1.0), resolution=0.5, shape=(16, 14, 8))
ROAD, WALL, CAR = (
    int(OCC3D.grid_from_native[OCC3D.names.index(name)])
    for name in ('driveable_surface', 'manmade', 'car')
)
HEIGHT, WIDTH = 24, 32


def pose(x=0.0, yaw_deg=0.0):
    angle = np.deg2rad(yaw_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[0, 3] = x
    return matrix


def view(labelled=True, features=True):
    rng = np.random.default_rng(2)
    labels = rng.choice([FREE, ROAD, WALL, UNKNOWN], (HEIGHT, WIDTH)).astype(np.uint8)
    return CameraView(
        name='front',
        stamp_ns=STAMP_NS - 7,
        image=rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        depth=rng.uniform(1, 9, (HEIGHT, WIDTH)).astype(np.float32),
        labels=labels if labelled else np.full_like(labels, UNKNOWN),
        base_from_camera=pose(1.0),
        focal=20.0,
        features=rng.normal(size=(6, 6, 8)).astype(np.float32) if features else None,
    )


def scene(*, values=(), external=None, grid_from_base=None, classes=OCC3D, **of_the_view):
    """Make an answer with a road, a wall and a car."""
    rng = np.random.default_rng(1)
    labels = np.full(SPEC.shape, UNKNOWN, np.uint8)
    labels[4:12, 4:12] = FREE
    labels[4:12, 4:12, 1] = ROAD
    labels[10, 4:12, 2:6] = WALL
    labels[6, 6, 2:4] = CAR
    count = 40
    only = view(**of_the_view)
    occupancy = Occupancy(
        stamp_ns=STAMP_NS,
        grid=OccupancyGrid3d(
            SPEC, labels, rng.integers(1, 256, SPEC.shape, dtype=np.uint8), classes.grid_names
        ),
        cloud=Cloud(
            points=rng.normal(size=(count, 3)).astype(np.float32),
            rgb=rng.integers(0, 256, (count, 3), dtype=np.uint8),
            labels=np.full(count, WALL, np.uint8),
            confidence=rng.random(count, dtype=np.float32),
        ),
        motion=standing(pose(3.0, 30.0)),
        views=(only,),
        seconds={},
        window=1,
        grid_from_base=grid_from_base,
    )
    parameters = parameters_from(dict(values))
    made = Scene(
        occupancy=occupancy,
        classes=classes,
        traversable=outputs.traversable(classes, parameters.semantics.traversable),
        parameters=parameters,
        odom_frame='occany_odom',
        external=external,
        frame_ids={'front': 'front_optical'},
        path=(),
        grid_frame='' if grid_from_base is None else 'deck',
        feature_basis=None if only.features is None else feature_basis([only.features]),
    )
    return replace(made, path=(outputs.pose(made),))


def frames_of(made):
    """Frame of every output of a scene."""
    return {
        name: (message.markers[0] if name == 'markers' else message).header.frame_id
        for name, (_, make) in outputs.SCENE_OUTPUTS.items()
        if (message := make(made)) is not None
    }


OWN = {'odom': 'occany_odom', 'pose': 'occany_odom', 'path': 'occany_odom'}


def test_every_output_is_of_its_type_and_its_frame():
    made = scene()
    for name, (kind, make) in outputs.SCENE_OUTPUTS.items():
        assert type(make(made)) is kind, name
    assert frames_of(made) == dict.fromkeys(outputs.SCENE_OUTPUTS, 'base_link') | OWN


def test_the_grid_may_hang_on_another_frame_than_the_robot():
    found = frames_of(scene(grid_from_base=pose(0.5)))
    in_base = {'obstacles': 'base_link', 'ground': 'base_link'}
    assert found == dict.fromkeys(outputs.SCENE_OUTPUTS, 'deck') | OWN | in_base
    here, there = (
        convert.records_from_message(outputs.obstacles(scene(grid_from_base=matrix)))
        for matrix in (None, pose(0.5))
    )
    np.testing.assert_allclose(here['x'] - 0.5, there['x'], atol=1e-6)


def test_stamps_are_those_of_the_newest_image_and_of_each_cameras_own():
    made = scene()
    for name, (_, make) in outputs.SCENE_OUTPUTS.items():
        message = make(made)
        for entry in message.markers if name == 'markers' else (message,):
            assert convert.stamp_ns_of(entry.header.stamp) == STAMP_NS, name
    for name, make in outputs.CAMERA_OUTPUTS.items():
        message = make(made, made.occupancy.views[0])
        assert convert.stamp_ns_of(message.header.stamp) == STAMP_NS - 7, name
        assert message.header.frame_id == 'front_optical'


def test_bytes_enter_messages_as_arrays():
    made = scene()
    data = [outputs.occupancy(made).labels, outputs.occupancy(made).confidence]
    data += [
        outputs.SCENE_OUTPUTS[name][1](made).data
        for name in ('voxels', 'voxels_surface', 'points', 'obstacles', 'ground', 'costmap')
    ]
    only = made.occupancy.views[0]
    data += [make(made, only).data for make in outputs.CAMERA_OUTPUTS.values()]
    assert {type(entry) for entry in data} == {array.array}


def test_images_are_of_one_size_and_the_encodings_of_the_interface():
    made = scene()
    only = made.occupancy.views[0]
    messages = {name: make(made, only) for name, make in outputs.CAMERA_OUTPUTS.items()}
    assert {name: message.encoding for name, message in messages.items()} == {
        'depth': '32FC1', 'semantic': 'mono8', 'semantic_color': 'rgb8', 'features': 'rgb8'
    }  # fmt: skip
    for message in messages.values():
        assert (message.height, message.width) == (HEIGHT, WIDTH)
        assert len(message.data) == message.step * message.height
    pixels = np.frombuffer(messages['features'].data, np.uint8)
    assert pixels.std() > 20
    labels = np.frombuffer(messages['semantic'].data, np.uint8)
    np.testing.assert_array_equal(labels, only.labels.ravel())
    colours = np.frombuffer(messages['semantic_color'].data, np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(colours[labels == WALL][0], OCC3D.grid_colours[WALL])
    assert not colours[labels == UNKNOWN].any()


def test_what_there_is_nothing_of_is_not_made():
    made = scene(labelled=False, features=False)
    only = made.occupancy.views[0]
    assert outputs.depth(made, only) is not None
    assert outputs.semantic(made, only) is None
    assert outputs.semantic_color(made, only) is None
    assert outputs.features(made, only) is None
    other = replace(only, features=np.zeros((3, 2, 2), np.float32))
    assert outputs.features(scene(), other) is None


def test_a_palette_reaches_clouds_images_and_legend():
    classes = painted(OCC3D, 'colour_blind')
    wall = classes.grid_colours[WALL]
    made = scene(classes=classes)
    records = convert.records_from_message(outputs.voxels(made))
    rgb = records['rgb'][records['label'] == WALL][0]
    assert [rgb >> 16, rgb >> 8 & 255, rgb & 255] == wall.tolist()
    only = made.occupancy.views[0]
    image = np.frombuffer(outputs.semantic_color(made, only).data, np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(image[only.labels.ravel() == WALL][0], wall)
    legend = {entry.text: entry.color for entry in outputs.markers(made).markers}
    assert np.allclose([legend['manmade'].r, legend['manmade'].b], wall[[0, 2]] / 255)


def test_obstacles_and_ground_follow_the_parameters():
    found = {
        name: set(convert.records_from_message(make(scene()))['label'].tolist())
        for name, make in (('obstacles', outputs.obstacles), ('ground', outputs.ground))
    }
    assert found == {'obstacles': {WALL, CAR}, 'ground': {ROAD}}
    drives_over_walls = scene(values={'semantics.traversable': ['manmade']})
    records = convert.records_from_message(outputs.ground(drives_over_walls))
    assert set(records['label'].tolist()) == {WALL}
    few = scene(values={'obstacles.max_points': 3})
    records = convert.records_from_message(outputs.obstacles(few))
    assert len(records) == 3
    heights = convert.records_from_message(outputs.obstacles(scene()))['z']
    assert heights.min() >= 0.2
    assert heights.max() <= 2.0


@pytest.mark.parametrize('external', [None, pose(7.3, 25.0)])
def test_the_costmap_is_what_nav2_reads(external):
    """Values, an upright origin, and cells on whole multiples of the resolution."""
    message = outputs.costmap(scene(external=external))
    assert message.header.frame_id == ('base_link' if external is None else 'odom')
    assert set(message.data) == {-1, 0, 100}
    assert len(message.data) == message.info.width * message.info.height
    turn, origin = message.info.origin.orientation, message.info.origin.position
    assert (turn.x, turn.y, turn.z, turn.w) == (0.0, 0.0, 0.0, 1.0)
    for value in (origin.x, origin.y):
        assert abs(value / message.info.resolution - round(value / message.info.resolution)) < 1e-6
    assert origin.z == 0.0
    car = (np.array([6.5, 6.5]) * 0.5 + SPEC.origin[:2]).tolist()
    place = np.array([*car, 0.0, 1.0])
    place = place if external is None else external @ place
    column = int((place[0] - origin.x) / message.info.resolution)
    row = int((place[1] - origin.y) / message.info.resolution)
    assert message.data[row * message.info.width + column] == 100


def test_the_costmap_of_a_grid_on_another_frame_goes_through_the_base():
    external, deck = pose(7.3, 25.0), pose(0.5)
    message = outputs.costmap(scene(external=external, grid_from_base=deck))
    in_odom = external @ invert(deck) @ np.array([-0.85, -0.75, 0.0, 1.0])
    origin, step = message.info.origin.position, message.info.resolution
    cell = [int((in_odom[i] - (origin.x, origin.y)[i]) / step) for i in (0, 1)]
    assert message.data[cell[1] * message.info.width + cell[0]] == 100


def test_forty_thousand_voxels_are_built_and_serialised_in_time():
    made = scene()
    spec = GridSpec((-40.0, -40.0, -1.0), 0.4, (200, 200, 16))
    labels = np.zeros(spec.shape, np.uint8)
    labels[:, :, 0] = ROAD
    grid = OccupancyGrid3d(spec, labels, np.full(spec.shape, 200, np.uint8), OCC3D.grid_names)
    full = replace(made, occupancy=replace(made.occupancy, grid=grid))
    durations = []
    for _ in range(20):
        start = time.thread_time()
        size = len(serialize_message(outputs.voxels(full)))
        durations.append(time.thread_time() - start)
    assert size > 24 * 40_000
    assert min(durations) < 0.005
