"""Processes and a graph to test the node with: real DDS, one domain for each test."""

from contextlib import contextmanager
import json
import math
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

from ament_index_python.packages import get_package_prefix
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import NodeNameNonExistentError
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ASK_AGAIN_S = 1.0
INTERRUPTED_DESTRUCTOR = re.compile(
    r'Exception ignored in: <function \S+\.__del__ [^\n]*\n'
    r'Traceback \(most recent call last\):\n(?:(?:  [^\n]*)?\n)+KeyboardInterrupt:? ?\n'
)
PATIENCE_S = 90.0
QUESTION = '/occany/get_parameters'
TOOL = 'import sys; from occany_ros.cli.main import main; sys.exit(main())'
STEADY_S = 1.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
WEAK = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


def segments(number):
    """List the shared memory of the middleware a process looks into, its own and others'."""
    try:
        lines = Path(f'/proc/{number}/maps').read_text().splitlines()
    except OSError:
        return set()
    paths = {Path(line.split()[-1]) for line in lines if '/fast' in line}
    return {path for path in paths if re.fullmatch('fast[a-z]*_[0-9a-f]{16}', path.name)}


class Process:
    """A child whose output is kept in a file."""

    def __init__(self, command, environment, log):
        self.log = log
        self.orphaned = set()
        with log.open('w') as stream:
            self.child = subprocess.Popen(
                command, env=environment, stdout=stream, stderr=subprocess.STDOUT
            )

    def stop(self, number=signal.SIGINT, timeout_s=20.0):
        """Send a signal; gives the exit status and how long it took."""
        start = time.monotonic()
        if number == signal.SIGKILL:
            self.orphaned |= segments(self.child.pid)
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            status = self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.orphaned |= segments(self.child.pid)
            self.child.kill()
            status = self.child.wait()
        return status, time.monotonic() - start

    @property
    def text(self):
        """
        All it printed, without the note of Python that Ctrl-C came inside a destructor.

        Python can but print such an interrupt and go on; that rclpy was told is what ends a node.
        """
        return INTERRUPTED_DESTRUCTOR.sub('', self.log.read_text())


class Graph:
    """What a test sees and does: it is a node of its own, in the tests' process."""

    def __init__(self, domain, folder, weights):
        self.folder = folder
        self.weights = weights
        self.environment = os.environ | {
            'ROS_DOMAIN_ID': str(domain),
            'PYTHONPATH': f'{ROOT}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
            'OMP_NUM_THREADS': '1',
        }
        self.program = [str(Path(get_package_prefix('occany_ros')) / 'lib/occany_ros/node')]
        self.processes = []
        self.clients = {}
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node('tester', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.status = {}
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._note, 10)

    def _note(self, message):
        for entry in message.status:
            self.status[entry.name.removeprefix('occany: ')] = entry

    def start(self, command):
        """Start a process of ours."""
        log = self.folder / f'{len(self.processes)}.log'
        self.processes.append(Process(command, self.environment, log))
        return self.processes[-1]

    def cameras(self, **options):
        """Start cameras; see `camera_process.Cameras`."""
        return self.start([sys.executable, str(HERE / 'camera_process.py'), json.dumps(options)])

    def occany(self, *extra, **parameters):
        """Start the node; parameters are given with __ for the dot."""
        given = {
            'model.checkpoint': str(self.weights),
            'model.image_size': 128,
            'model.threads': 1,
            'memory.frames': 2,
            'diagnostics.period': 0.2,
        } | {name.replace('__', '.'): value for name, value in parameters.items()}
        arguments = [
            word
            for name, value in given.items()
            for word in ('-p', f'{name}:={json.dumps(value) if value != "" else chr(39) * 2}')
        ]
        return self.node_process(*arguments, *extra)

    def occany_of(self, file, *extra):
        """Start the node; a file says everything."""
        return self.node_process('--params-file', str(file), *extra)

    def break_node(self, **faults):
        """Let `occany` start the node around a network that fails; see `faulty_node.Faulty`."""
        self.program = [str(HERE / 'faulty_node.py'), json.dumps(faults)]

    def node_process(self, *words):
        """Start the node with these words of ROS; it has not heard of our clients yet."""
        while self.clients:
            self.node.destroy_client(self.clients.popitem()[1])
        return self.start([sys.executable, *self.program, '--ros-args', *words])

    def tool(self, *words):
        """Start a subcommand of `occany`."""
        return self.start([sys.executable, '-c', TOOL, *words])

    def subscribe(self, kind, topic, qos=10):
        """Collect the messages of a topic in the list that is returned."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def subscribe_raw(self, kind, topic, qos=10):
        """Collect the messages of a topic as bytes."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, qos, raw=True)
        return messages

    def wait(self, condition, what, patience_s=PATIENCE_S):
        """Spin until the condition holds; gives its value."""
        end = time.monotonic() + patience_s
        while not (value := condition()):
            self.executor.spin_once(timeout_sec=0.1)
            if time.monotonic() > end:
                logs = '\n'.join(process.text[-3000:] for process in self.processes)
                raise AssertionError(f'{what}: did not happen in {patience_s:g} s\n{logs}')
        return value

    def names_of_node(self, kind):
        """
        Ask what the node is known to have: name -> type, nothing before the graph knows the node.

        A `kind` is one of publisher, subscriber, service and client. What a node says may come
        before the graph has heard who it is, and of its end points one by one: see `steady`.
        """
        ask = getattr(self.node, f'get_{kind}_names_and_types_by_node')
        try:
            return {name: types[0] for name, types in ask('occany', '/')}
        except NodeNameNonExistentError:
            return {}

    def steady(self, look, what):
        """Spin until a value, not an empty one, has stayed the same for a second; gives it."""
        seen, since = None, time.monotonic()

        def is_steady():
            nonlocal seen, since
            if (now := look()) != seen:
                seen, since = now, time.monotonic()
            return bool(seen) and time.monotonic() - since > STEADY_S

        self.wait(is_steady, what)
        return seen

    def call(self, kind, service, **fields):
        """
        Call a service.

        DDS loses an answer if the server has not heard of the client yet, as may be when both
        have just begun. A server learns of our clients in the order in which we make them: once
        it has answered a question of a later one, it knows the earlier one too.
        """
        if service not in self.clients:
            self.clients[service] = self.node.create_client(kind, service)
            later = self.node.create_client(GetParameters, QUESTION)
            self._answer(later, GetParameters.Request(), ASK_AGAIN_S)
            self.node.destroy_client(later)
        return self._answer(self.clients[service], kind.Request(**fields))

    def _answer(self, client, request, again_s=math.inf):
        """Wait for the answer to a request; one that only asks may be made again."""
        name = client.srv_name
        self.wait(client.service_is_ready, f'service {name}')
        futures, asked_s = [], -math.inf

        def answered():
            nonlocal asked_s
            if not futures or time.monotonic() - asked_s > again_s:
                futures.append(client.call_async(request))
                asked_s = time.monotonic()
            return next((future for future in futures if future.done()), None)

        return self.wait(answered, f'answer of {name}').result()

    def figure(self, status, key):
        """Read a number of the newest diagnostics, 0 while there is none."""
        entry = self.status.get(status)
        values = {item.key: item.value for item in entry.values} if entry else {}
        try:
            return float(values.get(key, 0))
        except ValueError:
            return 0.0

    def text(self, status):
        """Level and message of the newest diagnostics."""
        entry = self.status.get(status)
        return (entry.level[0], entry.message) if entry else (0, '')

    def wait_for_outputs(self, count=1):
        """Wait for so many more outputs."""
        goal = self.figure('output', 'outputs') + count
        self.wait(lambda: self.figure('output', 'outputs') >= goal, f'{count} more outputs')

    def close(self):
        """End everything; gives the exit states of the processes."""
        for process in self.processes:
            if process.child.poll() is None:
                process.child.send_signal(signal.SIGINT)
        states = [process.stop() for process in self.processes]
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)
        # Who is killed leaves its shared memory behind, 134 MB each; all of its peers have ended.
        for path in set().union(*(process.orphaned for process in self.processes)):
            path.unlink(missing_ok=True)
        return states


@contextmanager
def graph_of(domain, folder, weights):
    """Make a graph and close it, whatever happens."""
    graph = Graph(domain, folder, weights)
    try:
        yield graph
    finally:
        graph.close()
