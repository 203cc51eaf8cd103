"""Skip what needs ROS 2 where there is none, saying so."""

from contextlib import contextmanager
from fcntl import flock, LOCK_EX, LOCK_NB
from importlib.util import find_spec
from itertools import count, islice
import os
from pathlib import Path
import tempfile

import pytest

DOMAINS = 100
SECOND_TRIES = 3

NO_ROS_NEEDED = {
    'test_allocator.py',
    'test_bridged.py',
    'test_class_choice.py',
    'test_decode.py',
    'test_fuzz_parameters.py',
    'test_gpu_limit.py',
    'test_focal_check.py',
    'test_graph_environment.py',
    'test_machine_checks.py',
    'test_mask_files.py',
    'test_mounting.py',
    'test_parameters.py',
    'test_soak_report.py',
    'test_transform_buffer.py',
    'test_watchdog.py',
    'test_worker.py',
}


class WithoutRos(pytest.Module):
    """A test file that imports ROS, on a machine without it."""

    def collect(self):
        pytest.skip('needs ROS 2: source install/setup.bash', allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    here = Path(__file__).parent
    needs_ros = module_path.name not in NO_ROS_NEEDED | {'conftest.py'}
    if here in module_path.parents and needs_ros:
        ros = find_spec('rclpy') is not None
        return None if ros else WithoutRos.from_parent(parent, path=module_path)
    return None


def pytest_collection_modifyitems(config, items):
    """
    Give what runs over DDS a second try, as `colcon test --retest-until-pass 1` would.

    Discovery may lose a message on a loaded machine. What fails twice fails, what fails once is
    told with its trace at the end, and a run allows three such in all.
    """
    here = Path(__file__).parent
    if config.pluginmanager.hasplugin('rerunfailures'):
        config.option.rerun_show_tracebacks = True
        config.option.max_suite_reruns = SECOND_TRIES
        for item in items:
            if here in item.path.parents and item.path.name not in NO_ROS_NEEDED:
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """Weights of the tiny network: the packaged ones, or random ones where there are none."""
    from occany_ros.models.tiny import load_tiny, WEIGHTS
    from safetensors.torch import save_file

    if WEIGHTS.is_file():
        return WEIGHTS
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    state = load_tiny(weights=None).network.state_dict()
    save_file({name: value.contiguous() for name, value in state.items()}, path)
    return path


@pytest.fixture(scope='session')
def domains():
    """Lend domains that nobody else on this machine has, each for as long as a graph lives."""
    turns = count(os.getpid())

    @contextmanager
    def lent():
        for turn in islice(turns, 3 * DOMAINS):
            domain = 1 + turn % DOMAINS
            path = Path(tempfile.gettempdir()) / f'occany_test_domain_{domain}.lock'
            with path.open('w') as lock:
                try:
                    flock(lock, LOCK_EX | LOCK_NB)
                except OSError:
                    continue
                yield domain
                return
        pytest.fail(f'all {DOMAINS} domains of this machine are taken by other test runs')

    return lent


@pytest.fixture
def domain(domains):
    """Lend a domain to one test."""
    with domains() as lent:
        yield lent


@pytest.fixture
def graph(domain, tmp_path, weights):
    """Make a graph for one test."""
    from node_harness import graph_of

    with graph_of(domain, tmp_path, weights) as made:
        yield made


@pytest.fixture(scope='module')
def shared_graph(domains, tmp_path_factory, weights):
    """Make a graph for all tests of a file."""
    from node_harness import graph_of

    folder = tmp_path_factory.mktemp('graph')
    with domains() as lent, graph_of(lent, folder, weights) as made:
        yield made
