"""Folders in the layouts of KITTI odometry and nuScenes, from pictures made here."""

import json

import cv2
import numpy as np
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion

KITTI_SIZE = (94, 310)
NUSCENES_SIZE = (90, 160)
KITTI_K = ((180.0, 0.0, 152.0), (0.0, 180.0, 46.0), (0.0, 0.0, 1.0))
BASELINE_M = 0.54
LIDAR_FROM_CAMERA0 = np.array([[0, 0, 1, 0.3], [-1, 0, 0, 0.05], [0, -1, 0, -0.1], [0, 0, 0, 1.0]])
CAMERA_FROM_BODY = np.array([[0, -1.0, 0], [0, 0, -1], [1, 0, 0]])
HEADINGS = {
    'CAM_FRONT': 0.0,
    'CAM_FRONT_RIGHT': -55.0,
    'CAM_BACK_RIGHT': -110.0,
    'CAM_BACK': 180.0,
    'CAM_BACK_LEFT': 110.0,
    'CAM_FRONT_LEFT': 55.0,
}
FIRST_US = 1_532_402_927_647_951


def matrix_from_transform(value):
    """Give the rigid matrix of a ``geometry_msgs/Transform``."""
    matrix = np.eye(4)
    turn, place = value.rotation, value.translation
    matrix[:3, :3] = rotation_from_quaternion((turn.x, turn.y, turn.z, turn.w))
    matrix[:3, 3] = (place.x, place.y, place.z)
    return matrix


def picture(size, seed, suffix='.png'):
    """Give the bytes of a picture file."""
    height, width = size
    rows = np.linspace(40, 200, height)[:, None, None]
    noise = np.random.default_rng(seed).integers(-20, 20, (height, width, 3))
    return cv2.imencode(suffix, np.clip(rows + noise, 0, 255).astype(np.uint8))[1].tobytes()


def write_kitti(root, count=4, *, name='08', poses=True, speed=0.8, size=KITTI_SIZE):
    """Write one sequence that drives ahead along the axis of camera 0."""
    folder = root / 'sequences' / name
    folder.mkdir(parents=True)
    lines = []
    for camera in range(4):
        projection = np.hstack([np.array(KITTI_K), np.zeros((3, 1))])
        projection[0, 3] = -KITTI_K[0][0] * BASELINE_M * (camera % 2)
        lines.append(f'P{camera}: ' + ' '.join(f'{value:.12e}' for value in projection.ravel()))
    camera0_from_lidar = np.linalg.inv(LIDAR_FROM_CAMERA0)[:3]
    lines.append('Tr: ' + ' '.join(f'{value:.12e}' for value in camera0_from_lidar.ravel()))
    (folder / 'calib.txt').write_text('\n'.join(lines) + '\n')
    times = ''.join(f'{0.1 * number:.6e}\n' for number in range(count))
    (folder / 'times.txt').write_text(times)
    for key in ('image_2', 'image_3'):
        (folder / key).mkdir()
        for number in range(count):
            data = picture(size, number + 100 * (key == 'image_3'))
            (folder / key / f'{number:06d}.png').write_bytes(data)
    if poses:
        (root / 'poses').mkdir(exist_ok=True)
        rows = (f'1 0 0 0 0 1 0 0 0 0 1 {speed * number}\n' for number in range(count))
        (root / 'poses' / f'{name}.txt').write_text(''.join(rows))
    return root


def write_nuscenes(root, samples=2, *, scenes=('scene-0061',), size=NUSCENES_SIZE):
    """Write scenes of six cameras: key frames and one sweep after each."""
    tables = {
        name: []
        for name in ('scene', 'sample', 'sample_data', 'calibrated_sensor', 'ego_pose', 'sensor')
    }
    for channel in ('LIDAR_TOP', *HEADINGS):
        modality = 'lidar' if channel.startswith('LIDAR') else 'camera'
        row = {'token': f'sensor_{channel}', 'channel': channel, 'modality': modality}
        tables['sensor'].append(row)
    for scene in scenes:
        _write_scene(root, scene, samples, size, tables)
    folder = root / 'v1.0-mini'
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        (folder / f'{name}.json').write_text(json.dumps(rows))
    return root


def _write_scene(root, scene, samples, size, tables):
    tables['scene'].append({'token': f'token_{scene}', 'name': scene, 'nbr_samples': samples})
    for channel, heading in HEADINGS.items():
        tables['calibrated_sensor'].append(_mounting(scene, channel, heading, size))
    mounting = {**_mounting(scene, 'LIDAR_TOP', 0.0, size), 'camera_intrinsic': []}
    tables['calibrated_sensor'].append(mounting)
    for number in range(samples):
        sample = f'{scene}_{number}'
        tables['sample'].append({'token': sample, 'scene_token': f'token_{scene}'})
        for late, channel in enumerate(('LIDAR_TOP', *HEADINGS)):
            for part, kind in enumerate(('samples', 'sweeps')):
                at_us = FIRST_US + 500_000 * number + 250_000 * part + 4_000 * late
                name = f'{kind}/{channel}/{scene}__{channel}__{at_us}'
                row = _shot(sample, channel, name, at_us, size)
                tables['sample_data'].append(row)
                tables['ego_pose'].append(_ego_pose(row))
                _write_shot(root / row['filename'], row, size)


def _mounting(scene, channel, heading_deg, size):
    angle = np.radians(heading_deg)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
    )
    x, y, z, w = quaternion_from_rotation(turn @ CAMERA_FROM_BODY.T).tolist()
    height, width = size
    return {
        'token': f'mounting_{scene}_{channel}',
        'sensor_token': f'sensor_{channel}',
        'translation': [1.7 * np.cos(angle), 1.7 * np.sin(angle), 1.5],
        'rotation': [w, x, y, z],
        'camera_intrinsic': [[width, 0, width / 2], [0, width, height / 2], [0, 0, 1]],
    }


def _shot(sample, channel, name, at_us, size):
    is_camera = channel.startswith('CAM')
    suffix = 'jpg' if is_camera else 'pcd.bin'
    scene = sample.rpartition('_')[0]
    return {
        'token': f'{scene}_{channel}_{at_us}',
        'sample_token': sample,
        'ego_pose_token': f'{scene}_{channel}_{at_us}',
        'calibrated_sensor_token': f'mounting_{scene}_{channel}',
        'timestamp': at_us,
        'is_key_frame': name.startswith('samples'),
        'fileformat': suffix,
        'height': size[0] if is_camera else 0,
        'width': size[1] if is_camera else 0,
        'filename': f'{name}.{suffix}',
    }


def _ego_pose(row):
    """Drive along the y axis of the map at 5 m/s, looking there."""
    place = 600.0 + 5e-6 * (row['timestamp'] - FIRST_US)
    return {
        'token': row['ego_pose_token'],
        'timestamp': row['timestamp'],
        'rotation': [np.sqrt(0.5), 0, 0, np.sqrt(0.5)],
        'translation': [400.0, place, 0.0],
    }


def _write_shot(path, row, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    is_camera = path.suffix == '.jpg'
    path.write_bytes(picture(size, row['timestamp'] % 1000, '.jpg') if is_camera else bytes(20))
