"""The viewer's picture: what can be checked of it without a viewer."""

from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / 'scripts' / 'viewer' / 'take_picture.py'
PICTURE = ROOT / 'docs' / 'viewer.png'
SPEC = spec_from_file_location('take_picture', SCRIPT)
picture = module_from_spec(SPEC)
SPEC.loader.exec_module(picture)


def write_recording(folder, *, files=('bag.mcap',), start_ns=1_700_000_000_250_000_000):
    folder.mkdir()
    entry = {
        'relative_file_paths': list(files),
        'starting_time': {'nanoseconds_since_epoch': start_ns},
        'duration': {'nanoseconds': 4_000_000_000},
    }
    text = yaml.safe_dump({'rosbag2_bagfile_information': entry})
    (folder / 'metadata.yaml').write_text(text)
    return folder


def run(*options, **environment):
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment or None
    )


def test_a_recording_and_its_times_are_found(tmp_path):
    bag = write_recording(tmp_path / 'bag')
    file, start_ns, duration_ns = picture.recording(bag)
    assert (file, duration_ns) == (bag / 'bag.mcap', 4_000_000_000)
    assert picture.time_text(start_ns) == '2023-11-14T22:13:20.250000000Z'


def test_other_recordings_are_refused(tmp_path):
    with pytest.raises(ValueError, match='expected one mcap file'):
        picture.recording(write_recording(tmp_path / 'old', files=('bag.db3',)))
    answer = run('--bag', tmp_path / 'none')
    assert answer.returncode == 2
    assert 'make demo' in answer.stderr


def test_missing_programs_are_named_with_the_remedy(tmp_path):
    bag = write_recording(tmp_path / 'bag')
    answer = run('--bag', bag, PATH=str(tmp_path))
    assert answer.returncode == 2
    assert 'no node, npm, chromium' in answer.stderr
    assert 'apt install nodejs npm chromium' in answer.stderr


def test_an_empty_picture_is_refused(tmp_path):
    path = tmp_path / 'empty.png'
    cv2.imwrite(str(path), np.zeros((90, 160, 3), np.uint8))
    with pytest.raises(ValueError, match='expected a scene, got 1 colours'):
        picture.check(path)
    picture.check(PICTURE)


def test_the_viewer_has_one_version_and_runs_nothing_at_install():
    wanted = json.loads((SCRIPT.parent / 'package.json').read_text())
    assert wanted['dependencies']['@foxglove/studio-base'] == '1.48.0'
    for version in wanted['dependencies'].values():
        assert re.fullmatch(r'\d+\.\d+\.\d+', version)
    assert '--ignore-scripts' in SCRIPT.read_text()


def test_the_layout_shows_outputs_of_the_node():
    outputs = pytest.importorskip('occany_ros.ros.messages.outputs', reason='needs ROS 2')
    panels = json.loads((SCRIPT.parent / 'layout.json').read_text())['configById']
    topics = set(panels['3D!scene']['topics'])
    images = {panel['cameraTopic'] for panel in panels.values() if 'cameraTopic' in panel}
    assert {name.removeprefix('/occany/') for name in topics} <= set(outputs.SCENE_OUTPUTS)
    ours = {name.removeprefix('/occany/front/') for name in images if '/occany/' in name}
    assert ours <= set(outputs.CAMERA_OUTPUTS)
    assert len(topics) == 2
    assert len(images) == 2


def test_the_readme_shows_the_picture():
    assert '(docs/viewer.png)' in (ROOT / 'README.md').read_text(encoding='utf-8')
    height, width = cv2.imread(str(PICTURE)).shape[:2]
    assert (width, height) == (1600, 900)
