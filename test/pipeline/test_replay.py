from occany_ros.pipeline.replay import group_recording
from occany_ros.pipeline.synchronisation.arrivals import Arrival, Closing, GroupingConfig
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper

MS = 1_000_000
CONFIG = GroupingConfig(('left', 'right'))


def message(camera, stamp_ms):
    return Arrival(camera, stamp_ms * MS, (stamp_ms + 4) * MS, f'{camera} {stamp_ms}')


def test_recording_gives_every_set_in_order():
    messages = [message(name, 1000 + 100 * i) for i in range(20) for name in ('left', 'right')]
    groups = list(group_recording(messages, FrameGrouper(CONFIG)))
    assert [group.stamp_ns for group in groups] == [(1000 + 100 * i) * MS for i in range(20)]
    assert [arrival.payload for arrival in groups[3].arrivals] == ['left 1300', 'right 1300']


def test_last_set_is_not_lost_where_a_camera_is_missing():
    messages = [message('left', 1000), message('right', 1000), message('left', 1100)]
    groups = list(group_recording(messages, FrameGrouper(CONFIG)))
    assert [len(group.arrivals) for group in groups] == [2, 1]
    assert groups[1].closing is Closing.WAITED


def test_sets_due_during_a_pause_come_before_what_follows():
    messages = [message('left', 900), message('right', 900), message('left', 1000)]
    messages += [message('left', 1800), message('right', 1800)]
    groups = list(group_recording(messages, FrameGrouper(CONFIG)))
    assert [len(group.arrivals) for group in groups] == [2, 1, 2]


def test_no_message_gives_no_set():
    assert list(group_recording([], FrameGrouper(CONFIG))) == []
