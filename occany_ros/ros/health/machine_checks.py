"""Whether a machine suits large messages and networks; knows no graph."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
import shutil
from typing import Final

from occany_ros.ros.health.finding import Finding
from occany_ros.ros.health.graph_environment import profile_variable
from occany_ros.ros.health.optional_packages import is_installed, packages_text

LEAST_SHARED_MEMORY: Final = 256 << 20
"""Room of Fast DDS for images: our profile takes 128 MB for each of two processes."""
LEAST_BUFFER: Final = 2 << 20
"""Socket buffer that holds one compressed or small image, bytes."""
LEAST_GPU_FREE: Final = 2 << 30

_SHARED_MEMORY: Final = Path('/dev/shm')  # noqa: S108 - it is looked at, not written to
_BUFFER: Final = Path('/proc/sys/net/core/rmem_max')


def machine_findings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at shared memory, sockets, middleware, optional packages and the GPU."""
    yield shared_memory(_SHARED_MEMORY)
    yield socket_buffer(_BUFFER)
    yield middleware(environment)
    yield packages(is_installed)
    yield gpu()


def shared_memory(folder: Path) -> Finding:
    """Check that whole images fit through shared memory."""
    subject = f'{folder}'
    if not folder.is_dir():
        return Finding(
            'warn', subject, 'there is none: images go through sockets, which lose large ones'
        )
    free = shutil.disk_usage(folder).free
    size = f'{free >> 20} MB free'
    if free < LEAST_SHARED_MEMORY:
        need = LEAST_SHARED_MEMORY >> 20
        left = sum(_size_of(file) for file in folder.glob('fastdds_*'))
        return Finding(
            'warn', subject, f'{size}, {need} MB wanted for images; start the container with '
            f'--shm-size={need}m or --ipc=host. Files of Fast DDS take {left >> 20} MB; those of '
            f'killed processes stay: remove {folder}/fastdds_* while nothing of ROS runs',
        )  # fmt: skip
    return Finding('ok', subject, size)


def _size_of(file: Path) -> int:
    """Tell the bytes of a file that may be gone by now."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def socket_buffer(path: Path) -> Finding:
    """Check the largest receive buffer a socket may have."""
    subject = 'net.core.rmem_max'
    try:
        size = int(path.read_text(encoding='ascii'))
    except (OSError, ValueError):
        return Finding('warn', subject, f'{path} cannot be read: nothing is known about it')
    if size < LEAST_BUFFER:
        return Finding(
            'warn', subject,
            f'{size} bytes: images from other machines may get lost; '
            f'sudo sysctl -w net.core.rmem_max={LEAST_BUFFER}',
        )  # fmt: skip
    return Finding('ok', subject, f'{size} bytes')


def middleware(environment: Mapping[str, str]) -> Finding:
    """Check that Fast DDS, where it is used, reads settings for large messages."""
    name = environment.get('RMW_IMPLEMENTATION', '') or 'rmw_fastrtps_cpp'
    if 'fastrtps' not in name:
        return Finding('ok', 'middleware', f'{name}; its settings for large messages are its own')
    distribution = environment.get('ROS_DISTRO', '')
    variable = profile_variable(distribution)
    given = environment.get(variable, '')
    if not given:
        return Finding(
            'warn', 'middleware',
            f'{name} without {variable}: images of megabytes get lost; set it to '
            'config/fastdds.xml of this package, as the launch file does',
        )  # fmt: skip
    if not Path(given).is_file():
        return Finding('fault', 'middleware', f'{variable}: there is no file {given}')
    return Finding('ok', 'middleware', f'{name}, {variable}={given}')


def packages(is_there: Callable[[str], bool]) -> Finding:
    """Tell which optional ROS packages were found."""
    return Finding('ok', 'packages', packages_text(is_there))


def gpu() -> Finding:
    """Tell what torch can run on."""
    import torch

    if not torch.cuda.is_available():
        return Finding(
            'ok', 'gpu', 'torch sees none: the tiny network runs on the CPU, the released ones '
            'take seconds a set there',
        )  # fmt: skip
    free, total = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    text = f'{name}, {free >> 20} of {total >> 20} MB free'
    if free < LEAST_GPU_FREE:
        return Finding(
            'warn', 'gpu', f'{text}: a released network wants {LEAST_GPU_FREE >> 20} MB and more; '
            'end other programs (nvidia-smi lists them)',
        )  # fmt: skip
    return Finding('ok', 'gpu', text)
