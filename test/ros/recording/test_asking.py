"""A player that steps on answers plays nothing before whoever answers knows of it."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import numpy as np
from occany_ros.bags.messages import image_message, transforms_message
from occany_ros.bags.reader import BagReader
from occany_ros.bags.writer import BagWriter
from occany_ros.ros.recording.asking import wait_until_heard
from occany_ros.ros.recording.player import Player
from occany_ros.ros.recording.playing import PlayOptions
import pytest
import rclpy
from rclpy.publisher import Publisher
from std_msgs.msg import Header

ANSWERING = Path(__file__).with_name('answering_node.py')
IMAGES, OTHERS, ANSWERS = '/camera/front/image_raw', '/camera/back/image_raw', '/answer'
QUESTIONS = '/answering/get_parameters'
COUNT = 3


@pytest.fixture
def node(monkeypatch, domain):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    rclpy.init()
    node = rclpy.create_node('asker')
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture
def answering(node):
    del node  # it sets the domain
    command = [sys.executable, str(ANSWERING), ANSWERS, IMAGES, OTHERS]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == 'ready\n'
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def bag(tmp_path):
    with BagWriter(tmp_path / 'bag') as writer:
        for index in range(COUNT):
            stamp_ns = (index + 1) * 1_000_000_000
            image = np.full((2, 2, 3), index, np.uint8)
            writer.write(IMAGES, image_message(image, stamp_ns, 'eye'), stamp_ns)
    with BagReader(tmp_path / 'bag') as reader:
        yield reader


def wait(node, condition):
    end = time.monotonic() + 60.0
    while not condition():
        rclpy.spin_once(node, timeout_sec=0.1)
        assert time.monotonic() < end, 'the graph does not get ready'


def halt(child):
    """Stop a process, and return when it stands."""
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)


def wait_for_answering(node):
    name = 'answering'
    wait(node, lambda: [e.node_name for e in node.get_publishers_info_by_topic(ANSWERS)] == [name])
    wait(node, lambda: node.count_subscribers(IMAGES) == 1)
    wait(node, lambda: QUESTIONS in dict(node.get_service_names_and_types()))


def test_nothing_is_played_to_a_node_that_cannot_know_of_us_yet(node, answering, bag):
    """It is stopped while the player subscribes to its answers, and so has not heard of that."""
    waited = []

    def seen(report):
        if len(waited) < 3:
            waited.append(sum(report.sent.values()))
            if len(waited) == 3:
                answering.send_signal(signal.SIGCONT)

    player = Player(node, bag, PlayOptions(step_on=ANSWERS, wait_for=(IMAGES,)), seen)
    wait_for_answering(node)
    halt(answering)
    report = player.play()
    assert waited == [0, 0, 0]
    assert (report.sent, report.unanswered) == ({IMAGES: COUNT}, 0)


def test_a_node_that_hangs_is_named(node, answering):
    node.create_subscription(Header, ANSWERS, print, 10)
    wait_for_answering(node)
    halt(answering)
    with pytest.raises(TimeoutError, match=f'{ANSWERS}: expected an answer of {QUESTIONS}'):
        wait_until_heard(node, ANSWERS, 0.5)


def test_a_listener_that_hangs_keeps_the_player_once_and_not_for_every_topic(
    node, answering, tmp_path, monkeypatch
):
    times_s = []
    wait_for_all = Publisher.wait_for_all_acked

    def noted(publisher, timeout):
        times_s.append(timeout.nanoseconds / 1e9)
        return wait_for_all(publisher, timeout)

    monkeypatch.setattr(Publisher, 'wait_for_all_acked', noted)
    with BagWriter(tmp_path / 'two') as writer:
        for topic in (IMAGES, OTHERS):
            writer.write(topic, image_message(np.zeros((2, 2, 3), np.uint8), 1, 'eye'), 1)
    with BagReader(tmp_path / 'two') as reader:
        player = Player(node, reader, PlayOptions(wait_for=(IMAGES, OTHERS)))
        wait_for_answering(node)
        player.wait_for_subscribers()
        halt(answering)
        player.play()
        player.wait_until_delivered(0.5)
    assert len(times_s) == 2
    assert sum(times_s) < 0.75


def test_what_goes_before_the_first_image_is_delivered_before_it(
    node, answering, tmp_path, monkeypatch
):
    """Who listens is halted when it is sent a transform, and goes on when that is waited for."""
    waits = []
    wait_for_all = Publisher.wait_for_all_acked

    def noted(publisher, timeout):
        answering.send_signal(signal.SIGCONT)
        is_taken = wait_for_all(publisher, timeout)
        waits.append((publisher.topic_name, is_taken, player.report.sent[IMAGES]))
        return is_taken

    def seen(report):
        if report.sent == {'/tf_static': 1, '/tf': 0, IMAGES: 0}:
            halt(answering)

    monkeypatch.setattr(Publisher, 'wait_for_all_acked', noted)
    transform = transforms_message({('base_link', 'eye'): np.eye(4)}, 1)
    with BagWriter(tmp_path / 'one') as writer:
        writer.write('/tf_static', transform, 1)
        writer.write('/tf', transform, 1)
        writer.write(IMAGES, image_message(np.zeros((2, 2, 3), np.uint8), 1, 'eye'), 1)
    with BagReader(tmp_path / 'one') as reader:
        options = PlayOptions(step_on=ANSWERS, wait_for=(IMAGES, '/tf'))
        player = Player(node, reader, options, seen)
        wait_for_answering(node)
        report = player.play()
    assert ('/tf', True, 0) in waits
    assert (report.sent[IMAGES], report.unanswered) == (1, 0)


def test_a_node_that_cannot_be_asked_is_not_waited_for(node):
    quiet = rclpy.create_node('quiet', start_parameter_services=False)
    quiet.create_publisher(Header, ANSWERS, 10)
    wait(node, lambda: node.count_publishers(ANSWERS) == 1)
    wait_until_heard(node, ANSWERS, 0.5)
    quiet.destroy_node()
