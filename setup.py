"""
Install the package without ROS: the method, the bag tools and the executable `occany`.

A ROS workspace is built by CMakeLists.txt instead, which adds the generated messages and the node.
"""

from pathlib import Path
import re

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
SHARE = 'share/occany_ros'
SHARED = ('config', 'config/classes', 'config/nav2', 'config/sros2', 'launch', 'msg')


def package_version() -> str:
    """Return `__version__` of the package without importing it."""
    text = (ROOT / 'occany_ros' / '__init__.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '([^']+)'$", text, re.MULTILINE)
    if found is None:
        raise LookupError('occany_ros/__init__.py: expected a line __version__ = ...')
    return found[1]


def requirements(name: str) -> list[str]:
    """List the requirements of a file and of the files it includes."""
    found = []
    for line in (ROOT / name).read_text(encoding='utf-8').splitlines():
        words = line.split()
        if words[:1] == ['-r']:
            found += requirements(words[1])
        elif words and not line.startswith('#'):
            found.append(line)
    return found


def shared_files(folder: str) -> tuple[str, list[str]]:
    """Pair a folder of data with the files that are installed from it."""
    files = sorted(path for path in (ROOT / folder).glob('*') if path.is_file())
    return f'{SHARE}/{folder}', [str(path.relative_to(ROOT)) for path in files]


setup(
    name='occany_ros',
    version=package_version(),
    description='Semantic 3-D occupancy and ego motion from any set of plain cameras.',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    maintainer='occany_ros maintainers',
    maintainer_email='occany_ros@example.com',
    python_requires='>=3.10',
    packages=find_packages(include=['occany_ros', 'occany_ros.*']),
    package_data={'occany_ros': ['**/*.safetensors', '**/*.md', '**/*.json', 'py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/occany_ros']),
        (SHARE, ['package.xml']),
        *(shared_files(folder) for folder in SHARED),
    ],
    install_requires=requirements('requirements.txt'),
    extras_require={
        # `occany bench --plot` draws its tables with it; nothing else does.
        'bench': ['matplotlib>=3.5'],
        # Foxglove-schema recordings with Protobuf messages are decoded with it; nothing else is.
        'foxglove': ['protobuf>=4.22'],
        # The networks behind `semantics.weights` are built with it; nothing else is.
        'semantics': requirements('requirements-semantics.txt'),
        # `occany eval --trajectory` runs its commands as programs of their own; nothing else does.
        'trajectory': ['evo>=1.28'],
    },
    entry_points={'console_scripts': ['occany = occany_ros.cli.main:main']},
    zip_safe=False,
)
