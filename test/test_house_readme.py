"""The README and the pages tell the truth about files, packages and one another."""

from fnmatch import fnmatchcase
from pathlib import Path
import re
from xml.etree.ElementTree import parse

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / 'docs').glob('*.md'))
TEXTS = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *PAGES]
NEEDS = ('depend', 'exec_depend', 'buildtool_depend', 'test_depend')


def explained() -> list[str]:
    """List what the README's tables of dependencies name; some names are patterns."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    section = text.partition('## Dependencies')[2].partition('\n## ')[0]
    cells = re.findall(r'^\| ([^|]+) \|', section, re.MULTILINE)
    headings = {'At run time', 'Of ROS 2', 'For checks and tests only'}
    assert headings <= set(cells)
    names = [name for cell in cells if cell not in headings for name in cell.split(', ')]
    return [name.replace('\\', '').strip() for name in names]


def asked_for() -> set[str]:
    """List what the files of the project ask for."""
    names = set()
    for path in ROOT.glob('requirements*.txt'):
        lines = path.read_text(encoding='utf-8').splitlines()
        names |= {re.split('[<>=; ]', line)[0] for line in lines if re.match(r'\w', line)}
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    extras = re.search(r'extras_require=\{(.*?)\}', setup, re.DOTALL)
    names |= set(re.findall(r"'([\w.-]+)>=", extras[1]))
    manifest = parse(ROOT / 'package.xml').getroot()
    return names | {str(node.text) for kind in NEEDS for node in manifest.iter(kind)}


def test_every_dependency_has_its_reason_in_the_readme():
    patterns = explained()
    unexplained = [
        name for name in asked_for() if not any(fnmatchcase(name, one) for one in patterns)
    ]
    assert sorted(unexplained) == []


def test_the_readme_explains_nothing_that_is_not_asked_for():
    names = asked_for()
    unused = [one for one in explained() if not any(fnmatchcase(name, one) for name in names)]
    assert sorted(unused) == []


@pytest.mark.parametrize('path', TEXTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    text = path.read_text(encoding='utf-8')
    targets = re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)', text)
    local = [target for target in targets if '://' not in target]
    assert [target for target in local if not (path.parent / target).exists()] == []


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_every_page_is_in_the_index(path):
    assert f'](docs/{path.name})' in (ROOT / 'README.md').read_text(encoding='utf-8')


def test_the_readme_names_only_topics_of_the_interface_page():
    known = set(re.findall(r'`(~/[\w/<>]+)`', (ROOT / 'docs' / 'interface.md').read_text()))
    named = set(re.findall(r'`(~/[\w/<>]+)`', (ROOT / 'README.md').read_text(encoding='utf-8')))
    assert named
    assert sorted(named - known) == []
