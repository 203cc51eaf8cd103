"""Whoever waits for a node to be active asks it, and says what it was when it is not in time."""

from threading import Thread

from occany_ros.ros.recording.activation import wait_until_active
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode

NAME = '/robot/slow'


@pytest.fixture
def context(domain):
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    yield context
    rclpy.shutdown(context=context)


@pytest.fixture
def asker(context):
    node = rclpy.create_node('asker', context=context)
    yield node
    node.destroy_node()


@pytest.fixture
def slow(context):
    """Serve questions in a thread of its own, as another process would."""
    node = LifecycleNode('slow', namespace='robot', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = Thread(target=executor.spin)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()


def test_one_that_is_not_there_is_named(asker):
    with pytest.raises(TimeoutError, match=r'/robot/slow: .* not there'):
        wait_until_active(asker, NAME, 0.3)


def test_the_wait_ends_with_activation_and_not_before(asker, slow):
    asked = []

    def step():
        asked.append(1)
        if len(asked) == 3:
            slow.trigger_configure()
        if len(asked) == 6:
            slow.trigger_activate()

    wait_until_active(asker, NAME, 60.0, step)
    assert len(asked) >= 6  # an answer that is late is asked for again
    slow.trigger_deactivate()
    with pytest.raises(TimeoutError, match='inactive'):
        wait_until_active(asker, NAME, 3.0)
