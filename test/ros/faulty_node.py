"""
The real node around a network that fails: a process of its own.

Run with a JSON object and then the words for the node; see the keyword arguments of `Faulty`.
With ``starves`` there is not even room for the weights.
"""

import json
import sys
from time import sleep

from occany_ros.pipeline.warm_up import WARM_UP
import torch

MIB = 1 << 20


class Faulty:
    """
    A network whose verbs fail or dawdle.

    :param network: the one behind it.
    :param room: novel views that fit into memory.
    :param dies_at: sets after which nothing fits any more; 0 is never.
    :param heals_at: sets after which everything fits again.
    :param seconds: time every set takes at least.
    :param hangs: seconds the first set takes.
    """

    def __init__(self, network, *, room=10**9, dies_at=0, heals_at=10**9, seconds=0.0, hangs=0.0):
        self.network = network
        self.room = room
        self.dies_at = dies_at
        self.heals_at = heals_at
        self.seconds = seconds
        self.hangs = hangs
        self.sets = 0

    def encode(self, views):
        """Count the set, and take the time; to warm up is no set."""
        if views.cameras == (WARM_UP,):
            return self.network.encode(views)
        self.sets += 1
        sleep(self.seconds + self.hangs * (self.sets == 1))
        return self.network.encode(views)

    def remember(self, memory, tokens):
        """Remember, as it is."""
        return self.network.remember(memory, tokens)

    def render(self, memory, tokens):
        """Render, where there is room."""
        if self.dies_at and self.dies_at < self.sets < self.heals_at:
            raise MemoryError('no room at all')
        return self.network.render(memory, tokens)

    def render_novel(self, memory, tokens, seen, world_from_camera):
        """Render, where there is room."""
        if self.sets < self.heals_at and len(world_from_camera) > self.room:
            raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')
        return self.network.render_novel(memory, tokens, seen, world_from_camera)


def main():
    from dataclasses import replace

    from occany_ros.ros import engine, node

    options = json.loads(sys.argv[1])
    starves = options.pop('starves', False)
    load = engine.load_model

    def load_faulty(*arguments, **named):
        if starves:
            raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')
        model = load(*arguments, **named)
        return replace(model, reconstructor=Faulty(model.reconstructor, **options))

    engine.load_model = load_faulty
    return node.main(sys.argv[1:])


if __name__ == '__main__':
    sys.exit(main())
