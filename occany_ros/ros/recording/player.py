"""Playing a recording onto the ROS graph: the bytes of the bag go out as they are."""

from collections.abc import Callable, Iterator
import time
from typing import Any, Final

from occany_ros.bags.recording import RawMessage, Recording
from occany_ros.ros.messages.convert import time_message
from occany_ros.ros.messages.graph_types import (
    listener_qos,
    message_class,
    sender_qos,
    topic_types,
)
from occany_ros.ros.recording.activation import wait_until_active
from occany_ros.ros.recording.asking import wait_until_heard
from occany_ros.ros.recording.playing import PlayOptions, PlayReport
from occany_ros.ros.settings.parameter_inputs import IMAGE_TYPES
import rclpy
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

LONGEST_SLEEP: Final = 0.05  # seconds; so that interrupts and /clock are never kept waiting
POLL: Final = 0.02  # seconds
ANY_IMAGE: Final = 'any image topic'


class Player:
    """
    Publishes one recording.

    :param node: that publishes.
    :param bag: entered already.
    :param options: see `PlayOptions`.
    :param on_progress: called after every message and while waiting.
    """

    def __init__(
        self,
        node: Node,
        bag: Recording,
        options: PlayOptions,
        on_progress: Callable[[PlayReport], None] | None = None,
    ) -> None:
        self.report = PlayReport(length_s=(bag.end_ns - bag.start_ns) / 1e9)
        self._node = node
        self._bag = bag
        self._options = options
        self._progress = on_progress
        self._publishers: dict[str, Any] = {}
        self._clock: Any = None
        self._next_tick = 0.0
        self._answers = 0
        self._shown: set[str] = set()
        self._advertise()

    def play(self) -> PlayReport:
        """
        Play to the end; returns early when ROS shuts down.

        :raises TimeoutError: a topic got no subscriber in time, or a node that is waited for
            does not answer, naming it.
        """
        options = self._options
        if options.step_on:
            self._listen()
        if options.wait_active:
            name = options.wait_active
            wait_until_active(self._node, name, options.wait_s, self._on_progress)
        if options.step_on:
            topic = options.step_on
            wait_until_heard(self._node, topic, options.wait_s, self._on_progress)
        self.wait_for_subscribers()
        while rclpy.ok(context=self._node.context):
            self._play_once()
            self.report.loops += 1
            if self.report.loops == self._options.loops or not self._bag.message_count:
                break
        return self.report

    def wait_for_subscribers(self) -> None:
        """
        Wait until somebody listens to each topic of ``wait_for``.

        :raises TimeoutError: nobody does in time.
        """
        deadline = time.monotonic() + self._options.wait_s
        for topic in self._options.wait_for or self._any_image():
            while rclpy.ok(context=self._node.context):
                if self._is_heard(topic):
                    break
                if time.monotonic() > deadline:
                    there = topic in self._publishers or topic == ANY_IMAGE
                    raise TimeoutError(
                        f'{topic}: no subscriber within {self._options.wait_s:g} s; is the node '
                        'started, active and on this ROS_DOMAIN_ID?'
                        if there
                        else f'{topic}: not in the bag; it has {", ".join(self._publishers)}'
                    )
                self._on_progress()
                time.sleep(POLL)

    def _any_image(self) -> tuple[str, ...]:
        """Name nothing, or the wait for one of the image topics after that for a node."""
        return (ANY_IMAGE,) if self._options.wait_active and self._images() else ()

    def _images(self) -> list[str]:
        topics = self._bag.topics
        return [name for name in self._publishers if topics[name].type_name in IMAGE_TYPES]

    def _is_heard(self, topic: str) -> bool:
        names = self._images() if topic == ANY_IMAGE else [topic]
        found = [self._publishers[name] for name in names if name in self._publishers]
        return any(publisher.get_subscription_count() > 0 for publisher in found)

    def wait_until_delivered(self, timeout_s: float = 5.0) -> None:
        """Wait until every reliable subscriber has everything, for at most so long in all."""
        deadline = time.monotonic() + timeout_s
        for publisher in self._publishers.values():
            left_s = max(deadline - time.monotonic(), 0.0)
            publisher.wait_for_all_acked(Duration(nanoseconds=round(left_s * 1e9)))

    def _on_progress(self) -> None:
        if self._progress is not None:
            self._progress(self.report)

    def _advertise(self) -> None:
        """Make the publishers; latched topics stay latched."""
        for topic in self._bag.topics.values():
            if self._options.topics and topic.name not in self._options.topics:
                continue
            try:
                kind = message_class(topic.type_name)
            except LookupError as error:
                self.report.skipped[topic.name] = str(error)
                continue
            qos = sender_qos(latched=topic.latched)
            self._publishers[topic.name] = self._node.create_publisher(kind, topic.name, qos)
            self.report.sent[topic.name] = 0
        if self._options.clock_hz:
            self._clock = self._node.create_publisher(Clock, '/clock', sender_qos(latched=False))

    def _play_once(self) -> None:
        """Play the bag from its first to its last message."""
        started = time.monotonic()
        self._next_tick = started
        self._shown.clear()
        for raw in self._messages():
            if self._options.step_on:
                self._await_answer(raw)
            else:
                self._await_time(raw, started)
            if not rclpy.ok(context=self._node.context):
                return
            self._publishers[raw.topic].publish(raw.data)
            self.report.sent[raw.topic] += 1
            self.report.position_s = (raw.stamp_ns - self._bag.start_ns) / 1e9
            self._on_progress()
        if self._options.step_on and self._shown:
            self._await_answers()

    def _messages(self) -> Iterator[RawMessage]:
        return self._bag.messages(set(self._publishers))

    def _await_time(self, raw: RawMessage, started: float) -> None:
        """Sleep until a message is due, ticking ``/clock`` meanwhile."""
        due = started + (raw.stamp_ns - self._bag.start_ns) / 1e9 / self._options.rate
        while rclpy.ok(context=self._node.context):
            now = time.monotonic()
            if self._clock is not None and now >= self._next_tick:
                played = (min(now, due) - started) * self._options.rate
                self._tick(self._bag.start_ns + round(played * 1e9))
                self._next_tick = now + 1.0 / self._options.clock_hz
            if now >= due:
                return
            wake = due if self._clock is None else min(due, self._next_tick)
            time.sleep(min(max(wake - now, 0.0), LONGEST_SLEEP))

    def _tick(self, stamp_ns: int) -> None:
        self._clock.publish(Clock(clock=time_message(stamp_ns)))

    def _listen(self) -> None:
        """
        Subscribe to the topic that answers, as soon as it exists.

        :raises TimeoutError: nobody publishes it in time.
        """
        topic, deadline = self._options.step_on, time.monotonic() + self._options.wait_s
        while topic not in (types := topic_types(self._node)):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f'{topic}: no publisher within {self._options.wait_s:g} s to step on'
                )
            self._on_progress()
            time.sleep(POLL)
        kind, qos = message_class(types[topic]), listener_qos(self._node, topic)
        self._node.create_subscription(kind, topic, self._take_answer, qos, raw=True)

    def _take_answer(self, _: bytes) -> None:
        self._answers += 1

    def _await_answer(self, raw: RawMessage) -> None:
        """
        Before the first image of a new time step, wait for the answer to the last.

        What goes before the first of all, its calibration above all, has reached every reliable
        subscriber by then: it must not depend on the hurry which of them comes first.
        """
        if self._bag.topics[raw.topic].type_name in IMAGE_TYPES:
            if raw.topic in self._shown:
                self._await_answers()
            if not self._shown:
                self._answers = 0
            if not any(self.report.sent[name] for name in self._images()):
                self.wait_until_delivered()
            self._shown.add(raw.topic)
        if self._clock is not None:
            self._tick(raw.stamp_ns)

    def _await_answers(self) -> None:
        """Spin until the time step in question is answered, or too much time has passed."""
        deadline = time.monotonic() + self._options.wait_s
        while rclpy.ok(context=self._node.context) and not self._answers:
            if time.monotonic() > deadline:
                self.report.unanswered += 1
                break
            rclpy.spin_once(self._node, timeout_sec=LONGEST_SLEEP)
            self._on_progress()
        self._shown.clear()


def play_recording(
    recording: Recording,
    options: PlayOptions,
    on_progress: Callable[[PlayReport], None] | None = None,
) -> PlayReport:
    """
    Play a recording with a node of its own, until it ends or the process is interrupted.

    :param recording: entered already.
    :raises TimeoutError: nobody listens or answers.
    """
    rclpy.init()
    node = rclpy.create_node('occany_player')
    try:
        player = Player(node, recording, options, on_progress)
        try:
            player.play()
            player.wait_until_delivered()
        except (KeyboardInterrupt, ExternalShutdownException):
            player.report.interrupted = True
        except RuntimeError:  # rclpy's word for a publisher whose context a signal has ended
            if node.context.ok():
                raise
            player.report.interrupted = True
        return player.report
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
