"""The node and /tf: external odometry, its own, and quarrels about a frame."""

from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from node_harness import LATCHED, PATIENCE_S
import numpy as np
from occany_ros.ros.messages import convert
from occany_ros.ros.tf.transforms import Broadcaster, transform_source
import rclpy
from rclpy.duration import Duration
from tf2_msgs.msg import TFMessage


def children(messages):
    """Pairs of parent and child in some messages."""
    return {
        (entry.header.frame_id, entry.child_frame_id)
        for message in messages
        for entry in message.transforms
    }


def test_the_costmap_lies_in_the_frame_of_somebody_elses_odometry(graph):
    graph.cameras(odom=True)
    graph.occany()
    maps = graph.subscribe(OccupancyGrid, '/occany/costmap', LATCHED)
    graph.wait(lambda: maps and maps[-1].header.frame_id == 'odom', 'a costmap in odom')
    assert set(maps[-1].data) <= {-1, 0, 100}


def test_ego_motion_is_published_where_it_is_asked_for(graph):
    graph.cameras()
    graph.occany(publish_tf='odom_to_base')
    transforms = graph.subscribe(TFMessage, '/tf')
    odometry = graph.subscribe(Odometry, '/occany/odom')
    maps = graph.subscribe(OccupancyGrid, '/occany/costmap', LATCHED)
    graph.wait(lambda: transforms and odometry and maps, 'odometry')
    assert children(transforms) == {('odom', 'base_link')}
    assert (odometry[0].header.frame_id, maps[0].header.frame_id) == ('odom', 'odom')


def test_a_frame_that_has_a_parent_gets_no_other(graph):
    graph.cameras(odom=True)
    graph.occany(publish_tf='odom_to_base')
    odometry = graph.subscribe(Odometry, '/occany/odom')
    graph.wait(lambda: 'one parent' in graph.text('tf')[1], 'the refusal')
    assert graph.text('tf')[0] == 1

    def senders():
        return {end.node_name for end in graph.node.get_publishers_info_by_topic('/tf')}

    graph.wait(lambda: senders() == {'cameras', 'occany'}, 'both in the graph')
    graph.wait_for_outputs(2)
    own = 'occany_odom'  # odom is somebody else's
    graph.wait(lambda: odometry and odometry[-1].header.frame_id == own, 'a frame of our own')


def test_not_even_the_first_set_quarrels_with_a_frame_that_stands(graph):
    static = graph.node.create_publisher(TFMessage, '/tf_static', LATCHED)
    entry = TransformStamped(child_frame_id='base_link')
    entry.header.frame_id = 'odom'
    static.publish(TFMessage(transforms=[entry]))
    graph.occany(publish_tf='odom_to_base')
    odometry = graph.subscribe(Odometry, '/occany/odom')
    transforms = graph.subscribe(TFMessage, '/tf')
    graph.wait(lambda: graph.node.count_publishers('/occany/odom'), 'the node')
    graph.wait(lambda: 'tf' in graph.status, 'a report')
    # The node reads it twice, to look frames up and to watch for others.
    graph.wait(lambda: static.get_subscription_count() >= 2, 'the readers of /tf_static')
    assert static.wait_for_all_acked(Duration(seconds=PATIENCE_S))
    graph.cameras()
    graph.wait(lambda: len(odometry) > 2, 'odometry')
    assert {message.header.frame_id for message in odometry} == {'occany_odom'}
    assert ('odom', 'base_link') not in children(transforms)


def broadcasters(graph, count):
    """Nodes that would all publish the same frame."""
    for number in range(count):
        node = rclpy.create_node(f'sender_{number}', context=graph.context)
        graph.executor.add_node(node)
        source = transform_source(node)
        yield Broadcaster(node, source, ('odom', 'base_link'))
    ends = graph.node.get_publishers_info_by_topic, graph.node.get_subscriptions_info_by_topic
    # Each has two subscriptions to /tf: that of its buffer and its own.
    graph.wait(lambda: [len(e('/tf')) for e in ends] >= [count, 2 * count], 'the senders')


def test_two_that_send_the_same_notice_each_other(graph):
    both = [*broadcasters(graph, 2)]
    heard = graph.subscribe(TFMessage, '/tf')
    stamps = iter(range(1, 10**6))

    def both_send():
        stamp_ns = next(stamps)
        for broadcaster in both:
            broadcaster.send(stamp_ns, np.eye(4))
        return len(heard) > 4 and any(broadcaster.refused for broadcaster in both)

    graph.wait(both_send, 'a refusal')


def test_nobody_takes_its_own_words_for_somebody_elses(graph):
    (alone,) = broadcasters(graph, 1)
    heard = graph.subscribe(TFMessage, '/tf', 100)
    stamps = iter([*range(1, 30)] * 3)  # as where a recording is played three times

    def sends():
        stamp_ns = next(stamps, None)
        if stamp_ns is not None:
            alone.send(stamp_ns, np.eye(4))
        return stamp_ns is None and len(heard) > 60

    graph.wait(sends, 'its echoes')
    assert not alone.refused


def test_the_map_frame_corrects_somebody_elses_odometry(graph):
    graph.cameras(odom=True)
    graph.occany(publish_tf='map_to_odom')
    transforms = graph.subscribe(TFMessage, '/tf')
    graph.wait(lambda: ('map', 'odom') in children(transforms), 'map <- odom')


def test_the_path_can_be_shown_beside_somebody_elses_odometry(graph):
    graph.cameras(odom=True)
    graph.occany(publish_tf='base_to_occany_odom')
    transforms = graph.subscribe(TFMessage, '/tf')
    odometry = graph.subscribe(Odometry, '/occany/odom')

    def both_by_stamp():
        own = {
            convert.stamp_ns_of(entry.header.stamp): convert.matrix_from_transform(entry.transform)
            for message in transforms
            for entry in message.transforms
            if entry.child_frame_id == 'occany_odom'
        }
        stamps_ns = [convert.stamp_ns_of(item.header.stamp) for item in odometry]
        pairs = zip(stamps_ns, odometry, strict=True)
        return [(own[ns], convert.matrix_from_pose(o.pose.pose)) for ns, o in pairs if ns in own]

    pairs = graph.wait(lambda: both_by_stamp()[2:], 'both of the same sets')
    assert ('base_link', 'occany_odom') in children(transforms)
    assert odometry[0].header.frame_id == 'occany_odom'
    for base_from_odom, odom_from_base in pairs:
        np.testing.assert_allclose(base_from_odom @ odom_from_base, np.eye(4), atol=1e-9)
