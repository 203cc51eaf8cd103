"""One recording into a bag."""

from collections.abc import Callable, Collection

from occany_ros.bags.recording import Recording
from occany_ros.bags.writer import BagWriter


def copy_recording(
    source: Recording,
    target: BagWriter,
    topics: Collection[str] = (),
    on_message: Callable[[int], None] | None = None,
) -> None:
    """
    Add the topics of a recording to a bag that is being written; latched ones stay latched.

    :param source: entered already.
    :param target: entered already.
    :param topics: only these; none given means all.
    :param on_message: called with the number of messages done.
    :raises ValueError: a topic is in both with different types.
    :raises LookupError: one of the topics is not in the recording.
    """
    missing = sorted(set(topics) - set(source.topics))
    if missing:
        raise LookupError(
            f'--topics: expected some of {", ".join(source.topics)}, got {missing[0]}'
        )
    wanted = [topic for topic in source.topics.values() if not topics or topic.name in topics]
    for topic in wanted:
        target.add_topic(topic.name, topic.type_name, latched=topic.latched)
    for done, raw in enumerate(source.messages({topic.name for topic in wanted}), 1):
        target.write_raw(raw.topic, raw.type_name, raw.data, raw.stamp_ns)
        if on_message is not None:
            on_message(done)
