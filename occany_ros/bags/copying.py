"""One bag into another."""

from occany_ros.bags.reader import BagReader
from occany_ros.bags.writer import BagWriter


def copy_bag(source: BagReader, target: BagWriter) -> None:
    """
    Add all topics of a bag to one that is being written; latched ones stay latched.

    :param source: entered already.
    :param target: entered already.
    :raises ValueError: a topic is in both with different types.
    """
    for topic in source.topics.values():
        target.add_topic(topic.name, topic.type_name, latched=topic.latched)
    for raw in source.messages():
        target.write_raw(raw.topic, raw.type_name, raw.data, raw.stamp_ns)
