"""The shape of the sources: sizes, imports of ROS, comments, versions."""

import ast
from pathlib import Path
import re
import stat
import subprocess
import sys
from xml.etree.ElementTree import Element, parse

from occany_ros import __version__
from occany_ros.cli import main as cli
import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_MODULE = 300
MODULES = sorted(
    path
    for folder in ('occany_ros', 'launch', 'scripts')
    for path in (ROOT / folder).rglob('*.py')
)
PACKAGES = sorted((ROOT / 'occany_ros').glob('*/**/__init__.py'))
MESSAGES = sorted((ROOT / 'msg').glob('*.msg'))

# ROS package that brings a Python module, where the names differ.
BRINGS = {'tf2_ros': 'tf2_ros_py', 'occany_ros': 'occany_ros'}
ROS_MODULE = re.compile(
    r'^(\w+_msgs|\w+_msgs_py|\w+_interfaces|std_srvs|rclpy|tf2_\w+|tf_transformations'
    r'|cv_bridge|message_filters|launch|launch_ros|ament_index_python)$'
)


def relative(path: Path) -> str:
    """Name a file the way git does."""
    return path.relative_to(ROOT).as_posix()


def manifest_root() -> Element:
    """Parse package.xml."""
    return parse(ROOT / 'package.xml').getroot()


def tracked_files() -> list[Path]:
    """List what git tracks, or skip where this is no checkout."""
    if not (ROOT / '.git').exists():
        pytest.skip('not a git checkout')
    listing = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [ROOT / name for name in listing.stdout.split('\0') if name]
    return [path for path in paths if path.is_file()]


def imported_modules(path: Path) -> set[str]:
    """Return the top-level names of the modules that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split('.')[0])
    return names


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_module_is_short(path):
    assert len(path.read_text(encoding='utf-8').splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize('path', PACKAGES, ids=relative)
def test_init_is_only_a_docstring(path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize('path', MODULES, ids=relative)
def test_module_runs_on_the_oldest_python(path):
    # Python 3.10 is Humble's; these came with 3.11 and 3.12.
    newer = {'Self', 'Never', 'LiteralString', 'Unpack', 'override', 'StrEnum', 'UTC', 'batched'}
    newer |= {'tomllib', 'ExceptionGroup', 'assert_never', 'assert_type', 'NotRequired'}
    tree = ast.parse(path.read_text(encoding='utf-8'), feature_version=(3, 10))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert newer.isdisjoint(alias.name for node in imports for alias in node.names)


def test_only_the_ros_package_and_launch_files_import_ros():
    guilty = {
        relative(path): sorted(filter(ROS_MODULE.match, imported_modules(path)))
        for path in MODULES
        if not relative(path).startswith(('occany_ros/ros/', 'launch/'))
    }
    assert {path: names for path, names in guilty.items() if names} == {}


def test_package_xml_declares_every_ros_module_that_is_imported():
    manifest = manifest_root()
    declared = {node.text for kind in ('depend', 'exec_depend') for node in manifest.iter(kind)}
    used = set().union(*(imported_modules(path) for path in MODULES))
    needed = {BRINGS.get(name, name) for name in used if ROS_MODULE.match(name)}
    assert needed - declared - {'occany_ros'} == set()


def test_versions_agree():
    manifest = manifest_root()
    changelog = (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8')
    newest = re.search(r'^(\d+\.\d+\.\d+) \(', changelog, re.MULTILINE)
    setup = subprocess.run(
        [sys.executable, 'setup.py', '--version'],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert newest is not None
    assert {manifest.findtext('version'), newest[1], setup.stdout.split()[-1]} == {__version__}


def test_package_xml_is_complete():
    manifest = manifest_root()
    assert manifest.get('format') == '3'
    assert manifest.findtext('name') == 'occany_ros'
    assert manifest.findtext('license') == 'Apache-2.0'
    assert manifest.findtext('export/build_type') == 'ament_cmake'
    assert manifest.findtext('member_of_group') == 'rosidl_interface_packages'
    # colcon takes a package with an e-mail it finds odd for a plain CMake project.
    assert re.fullmatch(r'[\w.-]+@[\w-]+(\.[\w-]+)+', manifest.find('maintainer').get('email'))


def test_changelog_has_the_ros_form():
    lines = (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8').splitlines()
    title = 'Changelog for package occany_ros'
    assert lines[:3] == ['^' * len(title), title, '^' * len(title)]
    for number, line in enumerate(lines[3:], start=3):
        if re.match(r'\d', line):
            assert re.fullmatch(r'\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\)', line)
            assert lines[number + 1] == '-' * len(line)
        elif line and not line.startswith('---'):
            assert line.startswith(('* ', '  '))


@pytest.mark.parametrize('path', MESSAGES, ids=relative)
def test_every_message_field_has_a_comment(path):
    previous = ''
    fields = 0
    for line in path.read_text(encoding='utf-8').splitlines():
        if line and not line.startswith('#'):
            fields += 1
            assert previous.startswith('#'), f'no comment above {line!r}'
        previous = line
    assert fields > 0


def test_tracked_files_name_no_machine():
    # Written in pieces so that this file passes its own test.
    folders = '|'.join(('work', 'home', 'root', 'Users', 'opt/dev', 'opt/pypi'))
    hosts = '|'.join(('pypi', 'pythonhosted', 'npmjs', 'conda'))
    forbidden = re.compile(rf'(?<![\w.$}}>-])/(?:{folders})/\w|\b(?:{hosts})\.(?:org|com)')
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b'\0' not in content:
            hits = forbidden.findall(content.decode('utf-8'))
            found += [f'{relative(path)}: {hit}' for hit in hits]
    assert found == []


def test_tracked_files_are_small():
    limit = 40 * 2**20
    assert [relative(path) for path in tracked_files() if path.stat().st_size > limit] == []


def test_scripts_can_be_executed():
    for path in sorted((ROOT / 'scripts').iterdir()):
        if path.is_file():
            assert path.read_text(encoding='utf-8').startswith('#!/usr/bin/env '), path.name
            assert path.stat().st_mode & stat.S_IXUSR, path.name


def test_make_targets_are_documented():
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    targets = set(re.findall(r'^([a-z-]+):.*## ', makefile, re.MULTILINE))
    phony = set(re.search(r'^\.PHONY: (.*)$', makefile, re.MULTILINE)[1].split())
    assert targets == phony
    for name in ('README.md', 'CONTRIBUTING.md'):
        text = (ROOT / name).read_text(encoding='utf-8')
        commands = set(re.findall(r'`make ([a-z-]+)', text))
        commands |= set(re.findall(r'^make ([a-z-]+)', text, re.MULTILINE))
        assert commands
        assert commands <= targets


def test_readme_names_only_subcommands_that_exist():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    named = set(re.findall(r'(?:^|`)occany ([a-z]+)', text, re.MULTILINE))
    assert named
    assert named <= set(cli.available_subcommands())


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert (ROOT / '.ci' / 'run').read_text(encoding='utf-8').rstrip().endswith('make test')
    assert 'make test' in (ROOT / 'README.md').read_text(encoding='utf-8')


def test_every_robot_requirement_is_pinned_for_tests():
    pins = dict(
        line.split('==')
        for line in (ROOT / 'constraints.txt').read_text(encoding='utf-8').splitlines()
        if '==' in line
    )
    for name in ('requirements.txt', 'requirements-robot.txt', 'requirements-semantics.txt'):
        for line in (ROOT / name).read_text(encoding='utf-8').splitlines():
            if line and not line.startswith(('#', '-')):
                assert re.split('[<>=]', line)[0] in pins


def test_every_third_party_import_is_a_requirement():
    distributions = {
        'backports': 'backports.zstd',
        'cv2': 'opencv-python-headless',
        'google': 'protobuf',
        'PIL': 'pillow',
        'yaml': 'pyyaml',
    }
    names = ('requirements.txt', 'requirements-robot.txt', 'requirements-semantics.txt')
    text = '\n'.join((ROOT / name).read_text(encoding='utf-8') for name in names)
    declared = set(re.findall(r'^([\w.-]+)[>=]=', text, re.MULTILINE))
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    extras = re.search(r'extras_require=\{(.*?)\}', setup, re.DOTALL)
    declared |= set(re.findall(r"'([\w.-]+)>=", extras[1]))
    used = set().union(*(imported_modules(path) for path in MODULES)) - sys.stdlib_module_names
    # The standard library has `compression` from Python 3.14 on.
    used -= {'occany_ros', 'compression', *filter(ROS_MODULE.match, used)}
    assert {distributions.get(name, name) for name in used} - declared == set()


def test_setup_installs_every_folder_of_configuration():
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    installed = set(re.findall(r"'([\w/]+)'", re.search(r'SHARED = \((.*?)\)', text)[1]))
    folders = [ROOT / 'config', *(ROOT / 'config').glob('**/'), ROOT / 'launch', ROOT / 'msg']
    assert {relative(path) for path in folders if path.name != '__pycache__'} == installed


def test_fast_dds_profile_has_room_for_images():
    tree = parse(ROOT / 'config' / 'fastdds.xml').getroot()
    spaces = {'dds': 'http://www.eprosima.com'}
    sizes = [int(node.text) for node in tree.iterfind('.//dds:segment_size', spaces)]
    kinds = {node.text for node in tree.iterfind('.//dds:transport_descriptor/dds:type', spaces)}
    six_cameras = 6 * 1600 * 900 * 3
    assert min(sizes) > 2 * six_cameras
    assert kinds == {'SHM', 'UDPv4'}
    assert tree.findtext('.//dds:useBuiltinTransports', namespaces=spaces) == 'false'
