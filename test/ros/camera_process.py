"""
Cameras as a process of their own: publishes pictures of a plain scene until it is stopped.

Run with one argument, a JSON object; see the keyword arguments of `Cameras`.
"""

import array
from contextlib import suppress
import json
import sys
import time

from builtin_interfaces.msg import Time
import cv2
from geometry_msgs.msg import TransformStamped
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

LAST_STEPS = 10
FIRST_NS = 1_700_000_000_000_000_000


def picture(step, width, height):
    """Draw grey ground, a light sky and a box that comes nearer."""
    image = np.full((height, width, 3), (140, 180, 220), np.uint8)
    middle, side = height // 2, height // 6 + step % 20
    image[middle:] = 90
    corner, opposite = (width // 2, middle - side // 2), (width // 2 + side, middle + side // 2)
    cv2.rectangle(image, corner, opposite, (170, 40, 30), -1)
    return image


class Cameras(Node):
    """
    Some cameras.

    :param names: of the cameras.
    :param size: width and height of the images.
    :param reliable: quality of service.
    :param compressed: CompressedImage instead of Image.
    :param loss: share of images that is not sent.
    :param dead: camera -> number of images after which it falls silent.
    :param tf: whether to publish /tf_static and CameraInfo.
    :param odom: whether to publish odom <- base_link on /tf.
    :param apart_s: how much later the clock of each camera is than that of the one before.
    :param loop: images after which the stamps begin again.
    :param stamp: ``good``, ``zero``, or ``now`` for the time of this computer.
    :param hz: images a second of each camera.
    :param jumps: number of images -> seconds by which the clock jumps then.
    :param clock: whether to publish /clock.
    :param steps: images after which the process ends, a second later; 0 is never.
    :param faults: what to do to every third image, one after the other: ``encoding``,
        ``short``, ``absurd``, ``jpeg``, ``size``, ``backward``.
    """

    def __init__(self, options):
        super().__init__('cameras')
        self.o = {
            'names': ['front'], 'size': [128, 64], 'reliable': False, 'compressed': False,
            'loss': 0.0, 'dead': {}, 'tf': True, 'odom': False, 'loop': 0, 'stamp': 'good',
            'apart_s': 0.0, 'steps': 0, 'faults': [], 'hz': 10.0, 'jumps': {}, 'clock': False,
        } | options  # fmt: skip
        self.random = np.random.default_rng(0)
        self.step = 0
        self.is_over = False
        policy = (
            ReliabilityPolicy.RELIABLE if self.o['reliable'] else ReliabilityPolicy.BEST_EFFORT
        )
        qos = QoSProfile(depth=5, reliability=policy)
        kind, tail = (CompressedImage, '/compressed') if self.o['compressed'] else (Image, '')
        self.images = {
            name: self.create_publisher(kind, f'/camera/{name}/image_raw{tail}', qos)
            for name in self.o['names']
        }
        self.infos = {
            name: self.create_publisher(CameraInfo, f'/camera/{name}/camera_info', qos)
            for name in self.o['names']
        }
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.static = self.create_publisher(TFMessage, '/tf_static', latched)
        self.moving = self.create_publisher(TFMessage, '/tf', 10)
        if self.o['tf']:
            self.static.publish(TFMessage(transforms=[self.mounting(n) for n in self.images]))
        self.ticking = self.create_publisher(Clock, '/clock', 10)
        self.period_s = 1.0 / self.o['hz']
        self.create_timer(self.period_s, self.tick)

    def stamp_ns(self):
        step = self.step % self.o['loop'] if self.o['loop'] else self.step
        jumped_s = sum(s for at, s in self.o['jumps'].items() if step >= int(at))
        if self.o['stamp'] == 'now':
            return time.time_ns() + round(jumped_s * 1e9)
        return FIRST_NS + round((step * self.period_s + jumped_s) * 1e9)

    def fill(self, header, name):
        stamp_ns = 0 if self.o['stamp'] == 'zero' else self.stamp_ns()
        if name in self.images and stamp_ns:
            stamp_ns += round(self.o['names'].index(name) * self.o['apart_s'] * 1e9)
        header.frame_id = f'{name}_optical'
        header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, 10**9)

    def mounting(self, name):
        index = self.o['names'].index(name)
        yaw = -2 * np.pi * index / len(self.o['names'])
        # Optical axes (right, down, forward) in body axes, then turned by the yaw.
        body = np.array([[0.5, -0.5, 0.5, -0.5]])[0]  # w, x, y, z
        turn = np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])
        w, x, y, z = (
            turn[0] * body[0] - turn[3] * body[3],
            turn[0] * body[1] - turn[3] * body[2],
            turn[0] * body[2] + turn[3] * body[1],
            turn[0] * body[3] + turn[3] * body[0],
        )
        message = TransformStamped(child_frame_id=f'{name}_optical')
        message.header.frame_id = 'base_link'
        message.transform.translation.z = 1.6
        message.transform.rotation.w, message.transform.rotation.x = float(w), float(x)
        message.transform.rotation.y, message.transform.rotation.z = float(y), float(z)
        return message

    def tick(self):
        is_heard = all(item.get_subscription_count() for item in self.images.values())
        if self.step == 0 and not is_heard:
            return
        if self.o['steps'] and self.step >= self.o['steps']:
            self.step += 1
            self.is_over = self.step > self.o['steps'] + LAST_STEPS
            return
        if self.o['clock']:
            seconds, nanoseconds = divmod(self.stamp_ns(), 10**9)
            self.ticking.publish(Clock(clock=Time(sec=seconds, nanosec=nanoseconds)))
        for name in self.images:
            is_dead = self.step >= self.o['dead'].get(name, self.step + 1)
            if not is_dead and self.random.random() >= self.o['loss']:
                self.send(name)
        if self.o['odom']:
            message = TransformStamped(child_frame_id='base_link')
            self.fill(message.header, 'x')
            message.header.frame_id = 'odom'
            message.transform.rotation.w = 1.0
            self.moving.publish(TFMessage(transforms=[message]))
        self.step += 1

    def send(self, name):
        faults = self.o['faults']
        fault = faults[self.step // 3 % len(faults)] if faults and self.step % 3 == 2 else ''
        width, height = self.o['size']
        if fault == 'size':
            width, height = width // 2, height // 2
        pixels = picture(self.step, width, height)
        message = CompressedImage() if self.o['compressed'] else Image()
        self.fill(message.header, name)
        if fault == 'backward':
            message.header.stamp.sec -= 5
        if self.o['compressed']:
            data = cv2.imencode('.jpg', pixels[..., ::-1])[1].tobytes()
            message.format = 'jpeg'
            message.data = array.array('B', data[: len(data) // 2] if fault == 'jpeg' else data)
        else:
            data = pixels.tobytes()
            message.height, message.width, message.step = height, width, 3 * width
            message.encoding = 'banana' if fault == 'encoding' else 'rgb8'
            message.data = array.array('B', data[:100] if fault == 'short' else data)
            if fault == 'absurd':
                message.width = message.step = 4_000_000_000
        self.images[name].publish(message)
        if self.o['tf']:
            info = CameraInfo(height=self.o['size'][1], width=self.o['size'][0])
            self.fill(info.header, name)
            focal = 0.8 * self.o['size'][0]
            info.k = [
                focal,
                0.0,
                self.o['size'][0] / 2,
                0.0,
                focal,
                self.o['size'][1] / 2,
                0.0,
                0.0,
                1.0,
            ]
            self.infos[name].publish(info)


def main():
    rclpy.init()
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        cameras = Cameras(json.loads(sys.argv[1]))
        while not cameras.is_over:
            rclpy.spin_once(cameras, timeout_sec=1.0)
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
