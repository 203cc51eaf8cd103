"""
Cameras for a soak test, as a process of their own: many small images at a steady rate.

Run with one argument, a JSON object: ``names``, ``size`` (width, height), ``rate_hz``. Writes a
line of JSON every second: seconds gone, images sent, and beats that came too late.
"""

from contextlib import suppress
import json
import signal
import sys
import time

from camera_process import picture
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

PICTURES = 20


def images(name, size):
    """Make the messages of one camera, in a circle; only their stamps will change."""
    width, height = size
    made = []
    for step in range(PICTURES):
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.header.frame_id = f'{name}_optical'
        message.data.frombytes(picture(step, width, height).tobytes())
        made.append(message)
    return made


def beats(period_s):
    """Wait for each beat; gives its number and how late it is, seconds."""
    start = time.monotonic()
    number = 0
    while True:
        number += 1
        due = start + number * period_s
        late = time.monotonic() - due
        if late < 0:
            time.sleep(-late)
        yield number, max(late, 0.0)


def run(names, size, rate_hz):
    """Publish until a signal comes."""
    node = rclpy.create_node('cameras')
    qos = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
    topics = [node.create_publisher(Image, f'/camera/{n}/image_raw', qos) for n in names]
    messages = [images(name, size) for name in names]
    sent, late_beats, told = 0, 0, time.monotonic()
    start = told
    for number, late_s in beats(1.0 / rate_hz):
        stamp = divmod(time.time_ns(), 10**9)
        for topic, circle in zip(topics, messages, strict=True):
            message = circle[number % PICTURES]
            message.header.stamp.sec, message.header.stamp.nanosec = stamp
            topic.publish(message)
            sent += 1
        late_beats += late_s > 1.0 / rate_hz
        now = time.monotonic()
        if now - told >= 1.0:
            told = now
            line = {'seconds': now - start, 'sent': sent, 'late_beats': late_beats}
            sys.stdout.write(json.dumps(line) + '\n')
            sys.stdout.flush()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rclpy.init()
    with suppress(KeyboardInterrupt):
        run(**json.loads(sys.argv[1]))
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
