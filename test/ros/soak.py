"""
Soak test: six cameras at 30 Hz into a node that is far slower, for ten minutes.

    scripts/in_ros.sh python3 test/ros/soak.py --seconds 600 --out soak

Prints a table and a verdict for every target, and writes ``soak.json`` (and ``soak.png`` where
matplotlib is installed). The exit status is 1 if a target was missed.
"""

import argparse
import json
import os
from pathlib import Path
import sys
import time

from nav_msgs.msg import OccupancyGrid, Odometry
from node_harness import graph_of, HERE
from occany_ros.models.tiny import WEIGHTS
from occany_ros.pipeline.synchronisation.arrivals import Event
from occany_ros.ros.messages.convert import stamp_ns_of
from sensor_msgs.msg import PointCloud2
from soak_report import as_json, MIB, Sample, slope_mb_a_minute, Soak, table, verdicts, WARM_UP

NOTES = (Event.ZERO_STAMP, Event.OUT_OF_ORDER)
SAMPLE_S = 2.0
TELL_S = 15.0
FIELDS = {'rss': 'VmRSS', 'anon': 'RssAnon', 'file': 'RssFile', 'shmem': 'RssShmem'}


def memory_mb(pid):
    """Memory of a process by kind."""
    lines = Path(f'/proc/{pid}/status').read_text(encoding='ascii').splitlines()
    found = dict(line.split(':', 1) for line in lines)
    return {kind: int(found[name].split()[0]) * 1024 / MIB for kind, name in FIELDS.items()}


def maps_mb(pid):
    """Resident memory of a process by what is mapped."""
    totals = {}
    name = ''
    for line in Path(f'/proc/{pid}/smaps').read_text(encoding='utf-8').splitlines():
        words = line.split()
        if not words[0].endswith(':'):
            path = words[5] if len(words) > 5 else '[anonymous]'
            library = 'libraries and files' if path.startswith('/') else path
            name = 'shared memory of Fast DDS' if '/dev/shm/' in path else library  # noqa: S108
        elif words[0] == 'Rss:':
            totals[name] = totals.get(name, 0.0) + int(words[1]) * 1024 / MIB
    return totals


class Watch:
    """
    Follows one node from outside.

    :param graph: it runs in.
    :param names: of the cameras.
    :param run: what is measured goes there.
    """

    def __init__(self, graph, names, run):
        self.graph, self.names, self.run = graph, names, run
        self.start_s = 0.0
        graph.node.create_subscription(Odometry, '/occany/odom', self._take, 10)
        graph.subscribe(PointCloud2, '/occany/voxels', 1).clear()
        graph.subscribe(OccupancyGrid, '/occany/costmap', 1)

    def _take(self, message):
        now_ns = time.time_ns()
        if self.start_s:
            self.run.latencies_s.append((now_ns - stamp_ns_of(message.header.stamp)) / 1e9)
            self.run.arrivals_s.append(time.monotonic() - self.start_s)

    def begin(self):
        """Measure from now on."""
        self.start_s = time.monotonic()

    def sample(self, pid):
        """Take down the node's figures."""
        figure = self.graph.figure
        cameras = [f'camera {name}' for name in self.names]
        drops = {
            event.value: int(sum(figure(name, event.value) for name in cameras))
            for event in Event
            if event not in NOTES
        }
        inference = self.graph.status.get('inference')
        values = {item.key: item.value for item in inference.values} if inference else {}
        set_drops = {
            'replaced by a newer one while the worker was busy': figure('sync', 'drop_busy'),
            'failed': figure('inference', 'failures'),
        }
        self.run.stages_ms = {
            key.removesuffix('_ms_p50'): (float(p50), float(values[key.replace('p50', 'p95')]))
            for key, p50 in values.items()
            if key.endswith('_ms_p50')
        }
        self.run.samples.append(
            Sample(
                seconds=time.monotonic() - self.start_s,
                memory_mb=memory_mb(pid),
                received=int(sum(figure(name, 'received') for name in cameras)),
                used=int(sum(figure(name, 'sets') for name in cameras)),
                dropped={reason: count for reason, count in drops.items() if count},
                sets=int(figure('sync', 'sets')),
                outputs=int(figure('inference', 'outputs')),
                set_drops={reason: int(count) for reason, count in set_drops.items() if count},
            )
        )
        return self.run.samples[-1]


def sent_so_far(cameras):
    """Read what the cameras last said: images sent, and beats that were late."""
    lines = [line for line in cameras.text.splitlines() if line.startswith('{')]
    last = json.loads(lines[-1]) if lines else {'sent': 0, 'late_beats': 0}
    return last['sent'], last['late_beats']


def soak(graph, options):
    """Run it."""
    names = [f'camera_{index}' for index in range(options.cameras)]
    run = Soak(options.cameras, options.rate, options.seconds, load=[os.getloadavg()[0]])
    watch = Watch(graph, names, run)
    size = [int(side) for side in options.size.split('x')]
    content = json.dumps({'names': names, 'size': size, 'rate_hz': options.rate})
    cameras = graph.start([sys.executable, str(HERE / 'soak_cameras.py'), content])
    node = graph.occany(
        cameras=names,
        model__image_size=options.image_size,
        memory__frames=5,
        diagnostics__period=1.0,
    )
    graph.wait_for_outputs(3)
    pid = node.child.pid
    sent_before, late_before = sent_so_far(cameras)
    watch.begin()
    next_sample, next_word, end = 0.0, TELL_S, options.seconds
    while (seconds := time.monotonic() - watch.start_s) < end and node.child.poll() is None:
        graph.executor.spin_once(timeout_sec=0.1)
        if seconds >= next_sample:
            next_sample += SAMPLE_S
            sample = watch.sample(pid)
            if not run.maps_mb and seconds >= WARM_UP * options.seconds:
                run.maps_mb.append(maps_mb(pid))
        if seconds >= next_word:
            next_word += TELL_S
            rate = sample.outputs / max(seconds, 1e-9)
            sys.stdout.write(
                f'soak: {seconds:4.0f} of {end:.0f} s, {sample.memory_mb["rss"]:.0f} MB, '
                f'{rate:.2f} outputs a second\n'
            )
            sys.stdout.flush()
    if node.child.poll() is None:
        watch.sample(pid)
        run.maps_mb.append(maps_mb(pid))
    sent, late = sent_so_far(cameras)
    run.sent, run.late_beats = sent - sent_before, late - late_before
    run.exit_status, run.end_s = node.stop()
    run.load.append(os.getloadavg()[0])
    return run


def plot(run, path):
    """Draw memory and latency over time, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure((8, 5), layout='constrained')
    above, below = figure.subplots(2, sharex=True)
    seconds = [item.seconds for item in run.samples]
    for kind in FIELDS:
        above.plot(seconds, [item.memory_mb[kind] for item in run.samples], label=kind)
    above.set(ylabel='memory (MB)', title=f'{slope_mb_a_minute(run.steady):+.2f} MB a minute')
    above.legend()
    below.plot(run.arrivals_s, [value * 1e3 for value in run.latencies_s], '.', markersize=2)
    below.axhline(2e3 * run.worker_period_s, color='red')
    below.set(xlabel='seconds', ylabel='stamp to receipt (ms)')
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--seconds', type=float, default=600.0, help='how long (default 600)')
    parser.add_argument('--cameras', type=int, default=6, help='how many (default 6)')
    parser.add_argument('--rate', type=float, default=30.0, help='of each, Hz (default 30)')
    parser.add_argument('--size', default='512x288', help='of the images (default 512x288)')
    parser.add_argument(
        '--image-size', type=int, default=0, help='parameter model.image_size (default 0)'
    )
    parser.add_argument('--out', type=Path, default=Path('soak'), help='folder (default soak)')
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with graph_of(int(os.environ.get('ROS_DOMAIN_ID', '77')), options.out, WEIGHTS) as graph:
        run = soak(graph, options)
    (options.out / 'soak.json').write_text(as_json(run) + '\n', encoding='utf-8')
    plot(run, options.out / 'soak.png')
    sys.stdout.writelines(f'{line}\n' for line in table(run))
    found = verdicts(run)
    for verdict in found:
        word = 'met   ' if verdict.met else 'MISSED'
        sys.stdout.write(f'{word}  {verdict.name}: {verdict.text}\n')
    return 0 if all(verdict.met for verdict in found) else 1


if __name__ == '__main__':
    sys.exit(main())
