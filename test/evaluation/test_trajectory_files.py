"""TUM files, and evo's figures of them where it is installed."""

import numpy as np
from occany_ros.evaluation import trajectory_files
from occany_ros.evaluation.trajectory_files import (
    ask_evo,
    evo_table,
    EvoErrors,
    find_evo,
    read_tum,
    write_tum,
)
from occany_ros.geometry.euler import rotation_from_euler
import pytest

STAMPS_NS = tuple(1_700_000_000_000_000_000 + index * 250_000_001 for index in range(40))


def line(scale=1.0, yaw=0.0):
    """Poses half a metre apart, turning evenly."""
    poses = np.tile(np.eye(4), (len(STAMPS_NS), 1, 1))
    for index, pose in enumerate(poses):
        pose[0, 3] = 0.5 * scale * index
        pose[:3, :3] = rotation_from_euler(0, 0, yaw * index)
    return poses


def test_files_keep_times_and_poses(tmp_path):
    write_tum(tmp_path / 'a.tum', STAMPS_NS, line(yaw=0.01))
    stamps_ns, poses = read_tum(tmp_path / 'a.tum')
    assert stamps_ns == STAMPS_NS
    np.testing.assert_allclose(poses, line(yaw=0.01), atol=1e-8)
    with pytest.raises(ValueError, match='one a pose'):
        write_tum(tmp_path / 'b.tum', STAMPS_NS[:3], line())


def test_without_evo_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(trajectory_files.shutil, 'which', lambda _name: None)
    monkeypatch.setattr(trajectory_files.sys, 'executable', '/nowhere/python')
    with pytest.raises(ValueError, match='expected evo, found none; pip install evo'):
        find_evo()


def test_a_command_that_fails_is_quoted(tmp_path):
    fake = tmp_path / 'evo_ape'
    fake.write_text('#!/bin/sh\necho no poses left >&2\nexit 1\n')
    fake.chmod(0o755)
    with pytest.raises(ValueError, match='evo_ape: expected figures, got no poses left'):
        ask_evo(tmp_path, tmp_path / 'a.tum', tmp_path / 'b.tum')
    fake.unlink()
    with pytest.raises(ValueError, match='No such file'):
        ask_evo(tmp_path, tmp_path / 'a.tum', tmp_path / 'b.tum')


def test_the_table_ends_with_means():
    text = evo_table({'a': EvoErrors(1.0, 2.0, 3.0), 'b': EvoErrors(3.0, 4.0, 5.0)})
    assert text.splitlines()[-1].split() == ['mean', '2.000', '3.000', '4.000']


def test_what_evo_says_of_a_known_error(tmp_path, monkeypatch):
    try:
        commands = find_evo()
    except ValueError as error:
        pytest.skip(str(error))
    monkeypatch.setenv('HOME', str(tmp_path))  # it keeps its settings there
    write_tum(tmp_path / 'truth.tum', STAMPS_NS, line())
    write_tum(tmp_path / 'long.tum', STAMPS_NS, line(1.02))
    found = ask_evo(commands, tmp_path / 'truth.tum', tmp_path / 'long.tum')
    error = 0.02 * 0.5 * np.arange(len(STAMPS_NS))
    assert found.position == pytest.approx(np.sqrt(np.mean(error**2)), abs=1e-3)
    assert found.step == pytest.approx(2.0, abs=0.05)
    assert found.turn_deg == pytest.approx(0.0, abs=1e-3)
