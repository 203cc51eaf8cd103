"""Acceptance 12: reset, pause, save and every transition of the life cycle, twice over."""

import json
from pathlib import Path

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
import nav_msgs.msg
from occany_ros.occupancy.export import read_voxels
import pytest
from std_srvs.srv import SetBool, Trigger


def change(graph, transition):
    request = Transition(id=transition)
    return graph.call(ChangeState, '/occany/change_state', transition=request).success


def state(graph):
    return graph.call(GetState, '/occany/get_state').current_state.id


def fresh_report(graph):
    """Take one report afresh."""
    graph.status.clear()
    graph.wait(lambda: 'output' in graph.status, 'a report')
    return graph.status


def has_unsubscribed(graph):
    """Tell whether the graph knows that nobody listens to the camera any more."""
    return graph.node.count_subscribers('/camera/front/image_raw') == 0


def test_acceptance_12_every_transition_twice_over(graph):
    graph.cameras()
    node = graph.occany(autostart=False)
    for _ in range(2):
        assert state(graph) == State.PRIMARY_STATE_UNCONFIGURED
        assert not graph.call(Trigger, '/occany/reset').success
        assert change(graph, Transition.TRANSITION_CONFIGURE)
        for _ in range(2):
            assert state(graph) == State.PRIMARY_STATE_INACTIVE
            assert not graph.call(SetBool, '/occany/pause', data=True).success
            assert change(graph, Transition.TRANSITION_ACTIVATE)
            graph.wait(lambda: graph.figure('output', 'outputs') > 1, 'output while active')
            assert change(graph, Transition.TRANSITION_DEACTIVATE)
            graph.wait(lambda: 'camera front' not in fresh_report(graph), 'silence while inactive')
            graph.wait(lambda: has_unsubscribed(graph), 'the end of its subscriptions')
        assert change(graph, Transition.TRANSITION_CLEANUP)
        graph.wait(
            lambda: graph.node.count_publishers('/occany/occupancy') == 0,
            'the end of its publishers',
        )
    assert not change(graph, Transition.TRANSITION_ACTIVATE)
    assert change(graph, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert state(graph) == State.PRIMARY_STATE_FINALIZED
    assert not change(graph, Transition.TRANSITION_CONFIGURE)
    assert node.stop()[0] == 0


def wait_for_skipped_sets(graph, count=1):
    """Wait for a report of so many more sets that were left out because the node is paused."""
    goal = graph.figure('sync', 'drop_paused') + count
    graph.wait(lambda: graph.figure('sync', 'drop_paused') >= goal, 'skipped sets')


@pytest.mark.parametrize(
    ('before', 'transition'),
    [
        ((Transition.TRANSITION_CONFIGURE,), Transition.TRANSITION_INACTIVE_SHUTDOWN),
        (
            (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE),
            Transition.TRANSITION_ACTIVE_SHUTDOWN,
        ),
    ],
    ids=['inactive', 'active'],
)
def test_acceptance_12_shutdown_from_the_other_states(graph, before, transition):
    graph.cameras()
    node = graph.occany(autostart=False)
    for earlier in before:
        assert change(graph, earlier)
    assert change(graph, transition)
    assert state(graph) == State.PRIMARY_STATE_FINALIZED
    graph.wait(lambda: has_unsubscribed(graph), 'the end of its subscriptions')
    assert node.stop()[0] == 0, node.text


def test_acceptance_12_reset_pause_and_save_twice_over(graph):
    graph.cameras()
    folder = graph.folder / 'saves'
    graph.occany(confidence__recon=1.0, save_dir=str(folder))
    paths = graph.subscribe(nav_msgs.msg.Path, '/occany/path')
    places = []
    for count in (1, 2):
        paths.clear()
        graph.wait(lambda: paths and len(paths[-1].poses) > 2, 'a path')
        begun = paths[-1].poses[0].header.stamp
        assert graph.call(Trigger, '/occany/reset').success
        graph.wait(lambda b=begun: paths[-1].poses[0].header.stamp != b, 'a path anew')
        graph.wait(lambda n=count: graph.figure('memory', 'restarts: reset') == n, 'the counter')
        graph.wait_for_outputs()

        assert graph.call(SetBool, '/occany/pause', data=True).success
        wait_for_skipped_sets(graph)
        done = graph.figure('output', 'outputs')
        answer = graph.call(Trigger, '/occany/save')
        assert answer.success, answer.message
        places.append(Path(answer.message))
        wait_for_skipped_sets(graph, 5)
        # One set may have been in work, and one waiting for it.
        assert graph.figure('output', 'outputs') <= done + 2, 'paused, and yet it goes on'
        assert graph.call(SetBool, '/occany/pause', data=False).success
        graph.wait_for_outputs(1)
    assert len(set(places)) == 2
    for place in places:
        assert place.parent == folder
        about = json.loads((place / 'meta.json').read_text())
        assert tuple(about['grid']['size']) == read_voxels(place / 'voxels.npz').spec.shape
        for name in ('cloud.ply', 'map.pgm', 'map.yaml', 'front.png'):
            assert (place / name).stat().st_size > 0, name
    text = graph.call(Trigger, '/occany/status').message
    assert 'output' in text
    assert graph.figure('inference', 'failures') == 0
