"""The node: a table of contents."""

from collections.abc import Callable, Sequence
import gc
from pathlib import Path
import signal
from time import monotonic
from typing import Any, Final

from diagnostic_msgs.msg import DiagnosticArray
from occany_ros.pipeline.warm_up import warm_up
from occany_ros.ros.cameras.mask_files import load_masks
from occany_ros.ros.cameras.sync_policy import synchroniser
from occany_ros.ros.engine import (
    Engine,
    grouping_config,
    load_engine,
    loading_problem,
    release_gpu,
)
from occany_ros.ros.health.announcer import Announcer
from occany_ros.ros.health.diagnostics import array, as_text
from occany_ros.ros.health.optional_packages import packages_text
from occany_ros.ros.health.reports import Condition, facts, report, SimulatedClock
from occany_ros.ros.health.watchdog import causes
from occany_ros.ros.intake import Intake
from occany_ros.ros.publishers import Publishers
from occany_ros.ros.recording.saving import save
from occany_ros.ros.running import leave_at_once, leave_in_time, spin
from occany_ros.ros.settings.declare import ParameterServer
from occany_ros.ros.settings.parameters import Parameters
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logger
from std_srvs.srv import SetBool, Trigger

_LAST_JOB_S: Final = 0.8
_LAST_S: Final = 1.3
_CLOCK_PATIENCE_S: Final = 3.0
_SUCCESS: Final = TransitionCallbackReturn.SUCCESS


class OccanyNode(LifecycleNode):
    """
    Images in, semantic occupancy and ego motion out; see the README for topics.

    :raises ValueError: a parameter is unknown or wrong.
    """

    def __init__(self) -> None:
        super().__init__('occany', automatically_declare_parameters_from_overrides=True)
        self._server = ParameterServer(self, self._check, self._follow)
        self._engine: Engine | None = None
        self._outputs: Publishers | None = None
        self._intake: Intake | None = None
        self._problem = ''
        self._state = 'unconfigured'
        self._announcer = Announcer(self)
        self._simulated = SimulatedClock(self)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # On a steady clock: reports must come even if /clock stands.
        period = self._server.current.diagnostics.period
        self.create_timer(period, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.create_service(Trigger, '~/reset', self._serve_reset)
        self.create_service(SetBool, '~/pause', self._serve_pause)
        self.create_service(Trigger, '~/status', self._serve_status)
        self.create_service(Trigger, '~/save', self._serve_save)

    @property
    def parameters(self) -> Parameters:
        """Return the parameters in force."""
        return self._server.current

    def start(self) -> None:
        """Configure and activate, where ``autostart`` says so."""
        if self.parameters.autostart and self.trigger_configure() == _SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network, and warm it up."""
        if not self._tried(self._load):
            return TransitionCallbackReturn.FAILURE
        self._state = 'inactive'
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and begin to work."""
        done = super().on_activate(state)
        if not self._tried(self._open):
            super().on_deactivate(state)
            return TransitionCallbackReturn.FAILURE
        self._state = 'active'
        return done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe; keep the weights."""
        self.close()
        self._state = 'inactive'
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let the network go."""
        self._unload()
        self._state = 'unconfigured'
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop whatever runs."""
        self._unload()
        self._state = 'finalized'
        return super().on_shutdown(state)

    def close(self, timeout_s: float | None = None) -> bool:
        """
        Stop working.

        :param timeout_s: longest wait for the present set.
        :returns: whether the worker has ended.
        """
        intake, self._intake = self._intake, None
        return intake is None or intake.close(timeout_s)

    def _tried(self, action: Callable[[], None]) -> bool:
        """Do something that may fail for reasons the user can mend."""
        try:
            action()
        except (ValueError, LookupError, OSError, RuntimeError, MemoryError) as error:
            self._problem = loading_problem(error)
            self.get_logger().error(self._problem)
            return False
        self._problem = ''
        return True

    def _load(self) -> None:
        # What it needs has to be there before minutes are spent on weights.
        synchroniser(self.parameters.sync.policy, grouping_config(self.parameters))
        load_masks(self.parameters.camera)
        self.get_logger().info(f'optional packages: {packages_text()}')
        self.get_logger().info(f'loading {self.parameters.model.variant} ...')
        engine = load_engine(self.parameters)
        if engine.memory:
            self.get_logger().info(engine.memory)
        begun_s = monotonic()
        warm_up(engine.model, engine.reader)
        self.get_logger().info(f'warmed up in {monotonic() - begun_s:.1f} s')
        self._engine = engine
        about = engine.about()
        self.get_logger().info(', '.join(f'{key}: {value}' for key, value in about.items()))
        if about['weights'] == 'synthetic':
            self.get_logger().warning(
                'weights: synthetic. This network has only seen computer-made streets: on real '
                'images its answers are for trying the plumbing, not for driving'
            )
        if about['lengths'].startswith('unknown'):
            self.get_logger().warning(f'lengths: {about["lengths"]}')
        self._outputs = Publishers(self, self.parameters)

    def _open(self) -> None:
        if self._engine is None or self._outputs is None:
            raise ValueError('the node has no network; configure it first')
        self._intake = Intake(self, self._engine, self._outputs, lambda: self.parameters)
        self.get_logger().info(f'transforms: {self._intake.transforms.name}')
        self._outputs.describe(self.parameters, self._engine.classes, self._engine.about())

    def _unload(self) -> None:
        self.close()
        if self._outputs is not None:
            self._outputs.close()
        self._outputs = self._engine = None
        release_gpu()

    def _check(self, parameters: Parameters) -> None:
        """Refuse what would fail later: a change is taken whole or not at all."""
        grouping_config(parameters)
        if self._engine is not None:
            self._engine.mapper(parameters)

    def _follow(self, parameters: Parameters, names: frozenset[str]) -> None:
        if self._intake is not None:
            self._intake.retune(parameters, names)

    def _condition(self) -> Condition:
        return Condition(
            state=self._state,
            problem=self._problem,
            model={} if self._engine is None else self._engine.about(),
            intake=self._intake,
            traffic={} if self._outputs is None else self._outputs.traffic(),
            clock_stands=self._simulated.stands(),
            parameters=self.parameters,
        )

    def _explanation(self, condition: Condition) -> tuple[str, ...]:
        intake = condition.intake
        if condition.problem:
            return causes(facts(self, condition, self.parameters))
        if intake is None:
            return ()
        patience_s = self.parameters.watchdog.first_output_s
        silence_s = intake.progress.silence_s
        if condition.clock_stands:
            if self._simulated.has_ticked and intake.progress.outputs:
                return ()  # a recording that was paused
            patience_s = min(patience_s, _CLOCK_PATIENCE_S)
            silence_s = monotonic() - intake.progress.started_s
        if silence_s < patience_s:
            return ()
        return causes(facts(self, condition, self.parameters))

    def _report(self) -> None:
        condition = self._condition()
        statuses = report(condition, self._explanation(condition))
        self._diagnostics.publish(array(statuses, self.get_clock().now().nanoseconds))
        self._announcer.report(statuses)
        if condition.intake is not None:
            progress = condition.intake.progress
            self._announcer.drops(progress.undecodable, progress.decode_errors)

    def _serve_reset(self, _: Any, response: Any) -> Any:
        if self._intake is None:
            response.message = f'the node is {self._state}: there is nothing to reset'
            return response
        self._intake.reset()
        response.success = True
        response.message = 'sets, memory, odometry and path begin anew with the next set'
        return response

    def _serve_pause(self, request: Any, response: Any) -> Any:
        if self._intake is None:
            response.message = f'the node is {self._state}: there is nothing to pause'
            return response
        self._intake.is_paused = request.data
        response.success = True
        response.message = 'paused' if request.data else 'going on'
        return response

    def _serve_save(self, _: Any, response: Any) -> Any:
        outputs = self._outputs
        scene = None if outputs is None else outputs.newest
        if outputs is None or scene is None:
            response.message = f'the node is {self._state} and has no answer yet: nothing to save'
            return response
        try:
            place = save(scene, Path(self.parameters.save_dir), outputs.told)
        except OSError as error:
            response.message = f'save_dir {self.parameters.save_dir}: {error}'
            self.get_logger().error(response.message)
            return response
        response.success, response.message = True, str(place)
        return response

    def _serve_status(self, _: Any, response: Any) -> Any:
        condition = self._condition()
        response.success = not condition.problem
        response.message = as_text(report(condition, self._explanation(condition)))
        return response


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the node until it is told to stop.

    :returns: 0 after a signal, 2 for a wrong parameter.
    """
    node = None
    try:
        rclpy.init(args=arguments)
        node = OccanyNode()
        leave_in_time(node, _LAST_S)
        node.start()
        spin(node)
    except ValueError as error:
        get_logger('occany').fatal(str(error))
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # rclpy's word for a context that a signal ended too early
        if rclpy.ok():
            raise
    finally:
        # Under launch Ctrl-C comes twice, from the terminal and from launch: once is enough.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None and not node.close(_LAST_JOB_S):
            leave_at_once(node)
        if node is not None:
            node.destroy_node()
        # Fast DDS gives its shared memory back, 134 MB, once nothing holds the node any more.
        node = None
        gc.collect()
        rclpy.try_shutdown()
    return 0
