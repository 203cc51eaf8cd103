"""The SROS 2 policy allows what the node does on the graph, and nothing else."""

from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

POLICY = Path(__file__).parents[2] / 'config' / 'sros2' / 'occany.policy.xml'
NODE = '/occany'
ABSENT = set() if find_spec('vision_msgs') else {'/occany/label_info'}


@pytest.fixture(scope='module')
def allowed():
    """Read the policy: what may be done -> full names, with wildcards."""
    (profile,) = ET.parse(POLICY).getroot().iter('profile')
    assert (profile.get('ns'), profile.get('node')) == ('/', NODE[1:])
    rules = {}
    for group in profile:
        ((action, verdict),) = group.attrib.items()
        assert verdict == 'ALLOW'
        assert action not in rules
        rules[action] = {entry.text.replace('~/', f'{NODE}/') for entry in group}
        assert len(rules[action]) == len(group)
    return rules


@pytest.fixture(scope='module')
def done(shared_graph):
    """Ask the graph what a node does that was told to do all it can."""
    shared_graph.occany(
        cameras=['a', 'b'],
        a__transport='raw',
        b__transport='compressed',
        b__image_topic='/camera/b/image_raw/compressed',
        publish_tf='odom_to_base',
        use_sim_time=True,
    )

    def names():
        return {
            'publish': set(shared_graph.names_of_node('publisher')),
            'subscribe': set(shared_graph.names_of_node('subscriber')),
            'reply': set(shared_graph.names_of_node('service')),
            'request': set(shared_graph.names_of_node('client')),
        }

    def is_active():
        found = shared_graph.status.get('output')
        return found and {item.key: item.value for item in found.values}.get('state') == 'active'

    shared_graph.wait(is_active, 'an active node')
    newest = {'publish': '/tf', 'subscribe': '/camera/b/image_raw/compressed'}

    def has_the_newest():
        now = names()
        return all(name in now[action] for action, name in newest.items())

    shared_graph.wait(has_the_newest, 'what it makes last of each kind')
    return shared_graph.steady(names, 'all it has on the graph')


@pytest.mark.parametrize('action', ['publish', 'subscribe', 'reply'])
def test_the_policy_is_what_the_node_does(allowed, done, action):
    rules, names = allowed[action], done[action]
    forbidden = {n for n in names if not any(fnmatchcase(n, rule) for rule in rules)}
    needless = {rule for rule in rules if not any(fnmatchcase(n, rule) for n in names)}
    assert forbidden == set()
    assert needless == (ABSENT if action == 'publish' else set())


def test_the_node_calls_nobody(allowed, done):
    assert done['request'] == set()
    assert set(allowed) == {'publish', 'subscribe', 'reply'}
