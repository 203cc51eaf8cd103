"""The doctor's findings lead to sections that exist, and the page speaks of what there is."""

import ast
from pathlib import Path
import re
import shlex

from occany_ros.cli import main as cli
from occany_ros.ros.health import doctor, machine_checks
from occany_ros.ros.health.finding import Finding, PAGE, SECTIONS
from occany_ros.ros.settings.parameter_inputs import CameraParameters
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import settings_of
import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / PAGE).read_text(encoding='utf-8')
QUOTED = {
    'ros/health/watchdog.py': (
        'nobody publishes ',
        'there are no image topics at all',
        'is published as ',
        'not as an image',
        'has a publisher but sent no image',
        '/clock does not tick',
        'the node is paused',
        'the network has been at one set for ',
        'have no stamp, the time of receipt stands in',
    ),
    'ros/health/doctor.py': ('sets was complete', 'no transform from '),
    'ros/health/machine_checks.py': ('wanted for images',),
    'pipeline/synchronisation/arrivals.py': ('the stamps jumped back',),
    'bags/reader.py': (
        'damaged behind message ',
        'read from the front instead',
        'messages kept',
    ),
    'bags/disk.py': ('cannot be written: ',),
    'bags/foxglove_values.py': ('google.protobuf',),
}
"""File -> what it says, and the page quotes."""


def anchors(text):
    """Name the sections as Markdown viewers do."""
    headings = re.findall(r'^#+ (.*)$', text, re.MULTILINE)
    return {
        re.sub(r'[^\w -]', '', heading).strip().lower().replace(' ', '-') for heading in headings
    }


def known_names():
    cameras = {f'<camera>.{name}' for name in settings_of(CameraParameters)}
    return set(settings_of(Parameters)) | cameras


@pytest.mark.parametrize('subject', SECTIONS)
@pytest.mark.parametrize('level', ['warn', 'fault'])
def test_every_finding_leads_to_a_section(subject, level):
    section = Finding(level, f'{subject} front', 'something').section
    page, _, anchor = section.partition('#')
    assert page == PAGE
    assert anchor in anchors(TEXT)
    assert Finding('ok', subject, 'fine').section == ''


def test_every_subject_of_the_doctor_has_a_section():
    for module in (doctor, machine_checks):
        source = Path(module.__file__).read_text(encoding='utf-8')
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        made = [call for call in calls if getattr(call.func, 'id', '') == 'Finding']
        subjects = [call.args[1] for call in made]
        named = {item.value for item in subjects if isinstance(item, ast.Constant)}
        named |= set(re.findall(r"subject = f?'([\w.]+)", source))
        assert named
        assert named <= set(SECTIONS), named


def test_links_of_the_page_lead_somewhere():
    for target in re.findall(r'\]\(([^)]+)\)', TEXT):
        page, _, anchor = target.partition('#')
        path = ROOT / 'docs' / page if page else ROOT / PAGE
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path.read_text(encoding='utf-8')), target


def test_parameters_of_the_page_exist():
    groups = {name.partition('.')[0] for name in known_names() if '.' in name}
    spans = re.findall(r'`((?:<camera>|[a-z_]+)\.[a-z_]+)(?::[^`]*)?`', TEXT)
    named = {span for span in spans if span.partition('.')[0] in groups}
    assert len(named) > 20
    assert named <= known_names(), named - known_names()


def test_commands_of_the_page_parse():
    block = re.search(r'```\n(.*?)```', TEXT, re.DOTALL)[1]
    commands = [line for line in block.splitlines() if line.startswith('occany ')]
    assert commands
    for line in commands:
        words = shlex.split(line, comments=True)[1:]
        assert cli.build_parser(words[0]).parse_args(words).subcommand == words[0]


@pytest.mark.parametrize('module', QUOTED)
def test_what_the_page_quotes_is_said(module):
    source = (ROOT / 'occany_ros' / module).read_text(encoding='utf-8')
    for quote in QUOTED[module]:
        assert quote in source, quote
        assert quote.strip() in TEXT, quote
