"""Acceptance 20: six faults planted at once, and the doctor names each of them."""

from array import array
import json
import sys

from node_harness import TOOL
from occany_ros.ros.messages import convert
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2

NAMES = ('good', 'wrong', 'weak', 'zero', 'cloud')
FIRST_NS = 1_600_000_000_000_000_000
PERIOD_NS = 100_000_000
# Discovery asks again after three seconds what it lost.
SECONDS = '6'
# Fault -> words its finding must have: what is wrong, and where to mend it.
PLANTED = {
    'a topic that nobody publishes': ('/camera/wrogn/image_raw', '/camera/wrong/image_raw'),
    'quality of service that does not fit': ('weak', 'qos.image_reliability'),
    'stamps of zero': ('zero', 'header.stamp'),
    'a topic of another type': ('cloud', 'PointCloud2'),
    'a clock that stands': ('/clock does not tick', '--clock'),
    'weights that are not there': ('/nowhere/occany.pth',),
}


class Faults:
    """Cameras of which most are wrong in some way."""

    def __init__(self, graph):
        self.node = graph.node
        self.count = 0
        strong = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        weak = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.publishers = {
            name: self.node.create_publisher(
                Image, f'/camera/{name}/image_raw', weak if name == 'weak' else strong
            )
            for name in ('good', 'wrong', 'weak', 'zero')
        }
        self.node.create_publisher(PointCloud2, '/camera/cloud/image_raw', strong)
        self.node.create_timer(PERIOD_NS / 1e9, self.send)

    def send(self):
        for name, publisher in self.publishers.items():
            message = Image(height=64, width=128, step=384, encoding='rgb8')
            message.data = array('B', bytes(384 * 64))
            message.header.frame_id = f'{name}_optical'
            if name != 'zero':
                message.header.stamp = convert.time_message(FIRST_NS + self.count * PERIOD_NS)
            publisher.publish(message)
        self.count += 1


def test_acceptance_20_the_doctor_finds_six_planted_faults(graph):
    Faults(graph)
    given = {
        'cameras': '[' + ', '.join(NAMES) + ']',
        'wrong.image_topic': '/camera/wrogn/image_raw',
        'qos.image_reliability': 'reliable',
        'use_sim_time': 'true',
        'model.variant': 'occany',
        'model.checkpoint': '/nowhere/occany.pth',
    }
    words = [word for name, value in given.items() for word in ('-p', f'{name}:={value}')]
    doctor = graph.start(
        [sys.executable, '-c', TOOL, 'doctor', '--json', '--seconds', SECONDS, *words]
    )
    has_ended = doctor.child.poll
    graph.wait(lambda: has_ended() is not None, 'the end of the examination', patience_s=120.0)
    assert doctor.child.returncode == 1, doctor.text
    begin = doctor.text.index('{')
    report = json.loads(doctor.text[begin:])
    assert report['healthy'] is False
    faults = [
        f'{item["subject"]}: {item["text"]}'
        for item in report['findings']
        if item['level'] == 'fault'
    ]
    for fault, parts in PLANTED.items():
        assert any(all(part in text for part in parts) for text in faults), (fault, faults)
    assert not [text for text in faults if '/camera/good/' in text or 'good:' in text]
