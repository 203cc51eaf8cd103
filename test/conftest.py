"""What every test may rely on."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
import signal

from fuzz_tally import summary
from hypothesis import settings
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / 'shared'


def has_ros() -> bool:
    """Tell whether rclpy and the messages generated from msg/ can be imported."""
    return find_spec('rclpy') is not None and find_spec('occany_ros.msg') is not None


# The same examples in every run, and no opinion about the speed of the machine.
settings.register_profile('house', deadline=None, derandomize=True)
# Others in every run, and many: `make soak` asks for it.
settings.register_profile('soak', deadline=None, max_examples=1500, print_blob=True)
settings.load_profile('house')

collect_ignore = [] if has_ros() else ['ros']


# A job in the background is born deaf to Ctrl-C, and so would be the processes the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Say which half of the tests runs."""
    if has_ros():
        return 'ROS 2: found, test/ros runs'
    return 'ROS 2: not found, test/ros is left out (`make setup`, then `make test` runs it)'


def pytest_terminal_summary(terminalreporter) -> None:
    """Say how much hostile input was tried."""
    if summary():
        terminalreporter.write_line(summary())


@pytest.fixture(scope='session')
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope='session')
def shared() -> Path:
    """Return the folder of golden files and sample data beside the checkout, or skip the test."""
    if not SHARED.is_dir():
        pytest.skip(
            'needs the folder of golden files and sample data, shared/, beside the checkout'
        )
    return SHARED


@pytest.fixture(scope='session')
def full_size_file(tmp_path_factory) -> Iterator[Path]:
    """Write a file like occany.pth, as large and with both stages; 2.6 GB, gone at the end."""
    from released_files import all_shapes, drawn_sections, FULL_SIZE_SCALE, save_released

    path = tmp_path_factory.mktemp('released') / 'occany.pth'
    save_released(path, drawn_sections(all_shapes(), scale=FULL_SIZE_SCALE))
    yield path
    path.unlink()


@pytest.fixture(scope='session')
def full_size_recon_file(tmp_path_factory, full_size_file) -> Iterator[Path]:
    """Write a file like occany_recon.pth: the first stage of the same; 1.8 GB."""
    from occany_ros.models.checkpoint_file import read_released_file
    from released_files import save_released

    sections = read_released_file(full_size_file).sections
    path = tmp_path_factory.mktemp('released') / 'occany_recon.pth'
    save_released(path, {name: sections[name] for name in ('encoder', 'decoder')})
    yield path
    path.unlink()


@pytest.fixture(scope='session')
def plus_files(tmp_path_factory) -> Iterator[Path]:
    """
    Write files of OccAny+ and Depth Anything 3 of the smallest size; 0.8 GB, gone at the end.

    They are ``recon.pth``, ``gen.pth`` and ``model.safetensors``.
    """
    from released_plus_files import write_small_files

    folder = tmp_path_factory.mktemp('plus')
    write_small_files(folder)
    yield folder
    for path in folder.iterdir():
        path.unlink()


@pytest.fixture(scope='session')
def full_size_plus_files(tmp_path_factory) -> Iterator[Path]:
    """Write files like occany_plus_recon.pth and occany_plus_gen.pth; 3.3 GB, gone at the end."""
    from released_plus_files import LARGE, write_released_files

    folder = tmp_path_factory.mktemp('plus_full')
    write_released_files(folder, LARGE)
    yield folder
    for path in folder.iterdir():
        path.unlink()
