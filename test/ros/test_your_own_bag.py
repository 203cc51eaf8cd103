"""The page on one's own recording is true from its first to its last command."""

from pathlib import Path
import re
import shlex

import cv2
from occany_ros.bags.reader import BagReader
from occany_ros.bags.street import write_drive
from occany_ros.cli.main import main, SUBCOMMANDS
from occany_ros.synthetic.drive import make_drive
import yaml

DOCS = Path(__file__).parents[2] / 'docs'
PAGE = (DOCS / 'your_own_bag.md').read_text(encoding='utf-8')


def blocks(kind):
    found = re.findall(r'^```(\w*)\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


def test_every_command_of_the_page_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    write_drive(make_drive(3, steps=3, size=(64, 128)), Path('recording'))
    (file,) = blocks('yaml')
    Path('my.yaml').write_text(file)
    assert yaml.safe_load(file)
    commands = [line for block in blocks('') for line in block.splitlines() if line]
    commands += re.findall(r'`(occany play [^`]+)`', PAGE)
    ours = [line for line in commands if line.startswith('occany ')]
    assert len(ours) == len([line for line in commands if not line.startswith('ros2 ')]) == 8
    for line in ours:
        assert main(shlex.split(line, comments=True)[1:]) == 0, (line, capsys.readouterr().err)
    for path in ('out', 'named', 'filed', 'out_sqlite3'):
        with BagReader(Path(path)) as bag:
            assert bag.topics['/occany/occupancy'].count == 3
            assert bag.damage == ''
    assert cv2.imread('out.png').shape[1] == 1800
    launched = [line for line in commands if line.startswith('ros2 ')]
    assert all('occany.launch.py' in line for line in launched)


def test_the_page_of_tools_names_them_all():
    text = (DOCS / 'tools.md').read_text(encoding='utf-8')
    assert set(re.findall(r'^\| `occany (\w+)`', text, re.MULTILINE)) == set(SUBCOMMANDS)
    for page, anchor in re.findall(r'\]\((\w+\.md)#([\w-]+)\)', PAGE):
        headings = re.findall(
            r'^#+ (.*)$', (DOCS / page).read_text(encoding='utf-8'), re.MULTILINE
        )
        assert anchor in {heading.lower().replace(' ', '-') for heading in headings}
