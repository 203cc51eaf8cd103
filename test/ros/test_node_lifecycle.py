"""Every transition of the life cycle, twice over."""

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState


def change(graph, transition):
    request = Transition(id=transition)
    return graph.call(ChangeState, '/occany/change_state', transition=request).success


def state(graph):
    return graph.call(GetState, '/occany/get_state').current_state.id


def test_all_transitions_twice(graph):
    graph.cameras()
    node = graph.occany(autostart=False)
    for _ in range(2):
        assert state(graph) == State.PRIMARY_STATE_UNCONFIGURED
        assert change(graph, Transition.TRANSITION_CONFIGURE)
        for _ in range(2):
            assert state(graph) == State.PRIMARY_STATE_INACTIVE
            assert change(graph, Transition.TRANSITION_ACTIVATE)
            graph.wait(lambda: graph.figure('output', 'outputs') > 1, 'output while active')
            assert change(graph, Transition.TRANSITION_DEACTIVATE)
            graph.wait(lambda: 'camera front' not in inactive(graph), 'silence while inactive')
            assert graph.node.count_subscribers('/camera/front/image_raw') == 0
        assert change(graph, Transition.TRANSITION_CLEANUP)
    assert not change(graph, Transition.TRANSITION_ACTIVATE)
    assert change(graph, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert state(graph) == State.PRIMARY_STATE_FINALIZED
    assert node.stop()[0] == 0


def inactive(graph):
    """Take one report afresh."""
    graph.status.clear()
    graph.wait(lambda: 'output' in graph.status, 'a report')
    return graph.status
