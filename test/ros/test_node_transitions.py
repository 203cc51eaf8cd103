"""The life cycle where it is awkward: without images, and in the middle of a set."""

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from std_srvs.srv import SetBool, Trigger

CONFIGURE, CLEANUP = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP
ACTIVATE, DEACTIVATE = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE


def change(graph, *transitions):
    for number in transitions:
        request = Transition(id=number)
        assert graph.call(ChangeState, '/occany/change_state', transition=request).success


def test_without_any_image_every_transition_works_twice_over(graph):
    node = graph.occany(autostart=False)
    for times in range(2):
        change(graph, CONFIGURE)
        assert node.text.count('warmed up in') == times + 1
        change(graph, ACTIVATE, DEACTIVATE, ACTIVATE, DEACTIVATE, CLEANUP)
    change(graph, CONFIGURE, ACTIVATE)
    assert graph.call(Trigger, '/occany/reset').success
    assert graph.call(SetBool, '/occany/pause', data=True).success
    assert not graph.call(Trigger, '/occany/save').success
    graph.cameras()
    graph.wait(lambda: graph.figure('sync', 'drop_paused') > 2, 'sets that are left out')
    assert graph.figure('output', 'outputs') == 0
    assert graph.call(SetBool, '/occany/pause', data=False).success
    graph.wait_for_outputs(2)
    assert node.stop()[0] == 0


def test_in_the_middle_of_a_set_transitions_wait_for_it(graph):
    graph.break_node(seconds=0.3)
    graph.cameras()
    node = graph.occany(autostart=False)
    change(graph, CONFIGURE)

    def listeners():
        return graph.node.count_subscribers('/camera/front/image_raw')

    for _ in range(2):
        change(graph, ACTIVATE)
        graph.wait(lambda: graph.figure('inference', 'busy_s') > 0, 'a set at work')
        assert graph.call(Trigger, '/occany/reset').success
        change(graph, DEACTIVATE)
        graph.wait(lambda: not listeners(), 'nobody at the images')
        graph.wait(lambda: graph.text('output')[1] == 'the node is inactive', 'word of it')
        graph.status.clear()
        graph.wait(lambda: 'output' in graph.status, 'a report')
        assert 'camera front' not in graph.status
    change(graph, CLEANUP, CONFIGURE, ACTIVATE)
    graph.wait_for_outputs(1)
    graph.wait(lambda: graph.figure('inference', 'busy_s') > 0, 'a set at work')
    change(graph, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    status, _ = node.stop()
    assert status == 0
    assert 'Traceback' not in node.text
