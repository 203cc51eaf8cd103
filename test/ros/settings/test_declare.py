"""The parameters of a node at run time: a change is checked, then in force, on any release."""

from contextlib import contextmanager

from occany_ros.ros.settings.declare import ParameterServer
import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter


class HumbleNode(Node):
    """A node of a release that cannot call after parameters were set."""

    add_post_set_parameters_callback = None


@pytest.fixture(params=[Node, HumbleNode])
def node(request):
    with node_of(request.param) as made:
        yield made


@contextmanager
def node_of(kind, *arguments):
    """Give a node, started with these words on its command line."""
    context = rclpy.Context()
    rclpy.init(args=list(arguments), context=context)
    made = kind('declares', context=context, automatically_declare_parameters_from_overrides=True)
    try:
        yield made
    finally:
        made.destroy_node()
        context.shutdown()


def refuse_ten(parameters):
    if parameters.sync.slop == 10.0:
        raise ValueError('sync.slop: expected less than 10, got 10; lower it')


def test_a_change_is_in_force_and_told_once(node):
    told = []
    server = ParameterServer(node, refuse_ten, lambda now, names: told.append((now, names)))
    assert node.set_parameters([Parameter('sync.slop', value=0.2)])[0].successful
    assert server.current.sync.slop == node.get_parameter('sync.slop').value == 0.2
    assert told == [(server.current, frozenset({'sync.slop'}))]


@pytest.mark.parametrize(('value', 'why'), [(-1.0, 'range'), (10.0, 'lower it')])
def test_a_refused_change_changes_nothing(node, value, why):
    told = []
    server = ParameterServer(node, refuse_ten, lambda *change: told.append(change))
    answer = node.set_parameters([Parameter('sync.slop', value=value)])[0]
    assert not answer.successful
    assert why in answer.reason
    assert server.current.sync.slop == node.get_parameter('sync.slop').value == 0.05
    assert not told


def test_a_bare_off_on_the_command_line_is_what_it_says():
    with node_of(Node, '--ros-args', '-p', 'semantics.mode:=off') as node:
        assert node.get_parameter('semantics.mode').value is False  # as ROS reads it
        server = ParameterServer(node, refuse_ten, lambda *_: None)
        assert server.current.semantics.mode == 'off'
        assert node.get_parameter('semantics.mode').value == 'off'
