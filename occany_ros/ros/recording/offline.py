"""A recording through the node's own code, without a node: nothing is dropped, nothing is late."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
import traceback
from typing import Any

from occany_ros.bags.recording import Recording
from occany_ros.pipeline.host_maps import NonFiniteOutput
from occany_ros.pipeline.memory_ladder import is_out_of_memory
from occany_ros.pipeline.replay import grouped_recording
from occany_ros.pipeline.synchronisation.arrivals import Group
from occany_ros.ros.bag_outputs import BagOutputs
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.cameras.mask_files import load_masks
from occany_ros.ros.cameras.recorded_inputs import (
    adopt_calibrations,
    recorded_arrivals,
    recorded_cameras,
    recorded_inputs,
    recorded_transforms,
    Shot,
)
from occany_ros.ros.cameras.sync_policy import synchroniser
from occany_ros.ros.engine import Engine, grouping_config, release_gpu
from occany_ros.ros.processing import FORGET_TEXT, Job, Processing, Surroundings
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.tf.robot_frames import RobotFrames


class Offline:
    """
    What is needed to map one recording.

    :ivar failures: kind of failure -> sets or images that were lost to it.
    :ivar reasons: kind of failure, or what else there is to say -> what was said last.
    :ivar traces: kind of failure that nobody foresaw -> where the last one came from, for those
        who can mend it.
    """

    def __init__(self, bag: Recording, parameters: Parameters, node: str = '/occany') -> None:
        """
        Read the transforms of the whole bag.

        :param bag: entered already.
        :param node: full name of the node; topics without a slash lie in its namespace.
        :raises LookupError: a camera has no topic in the bag.
        :raises ValueError: a mask file is wrong.
        """
        self.failures: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.traces: dict[str, str] = {}
        self._bag = bag
        self._parameters = parameters
        self._cameras = recorded_cameras(bag, parameters, node)
        self._inputs = recorded_inputs(self._cameras)
        self._transforms = recorded_transforms(bag, self._failed)
        self._masks = load_masks(parameters.camera)

    @property
    def sets(self) -> int:
        """Return the number of images of the busiest camera: about the number of sets."""
        return max(self._bag.topics[topics.image].count for _, topics in self._cameras)

    def mapped(self, engine: Engine, outputs: BagOutputs) -> Iterator[int]:
        """
        Map set after set; what fails is counted and left out, as by the node.

        :param outputs: take the answers.
        :returns: the number of sets mapped so far, after each.
        :raises OSError: the answers cannot be written.
        """
        progress = Progress()
        outputs.describe(self._parameters, self._bag.start_ns)
        processing = Processing(
            engine.mapper(self._parameters),
            engine.classes,
            Surroundings(
                FrameMaker(self._inputs, self._transforms, progress, self._masks),
                outputs,
                RobotFrames(self._transforms, None, progress),
                None,
                progress,
                lambda: self._parameters,
                release_gpu,
                lambda text: self.reasons.update(memory=text),
            ),
        )
        for job in self._jobs():
            before = progress.outputs
            self._run(processing, job)
            if progress.outputs > before:
                yield progress.outputs
        self._conclude(progress)

    def _jobs(self) -> Iterator[Job]:
        """Make the jobs of the node's worker: sets, and when to forget."""
        arrivals = recorded_arrivals(self._bag, self._cameras, self._failed)
        policy, config = self._parameters.sync.policy, grouping_config(self._parameters)
        for grouped in grouped_recording(arrivals, synchroniser(policy, config)):
            if grouped.flush is not None:
                yield Job(None, FORGET_TEXT[grouped.flush], 0.0)
            for group in grouped.groups:
                yield Job(self._unwrapped(group), '', 0.0)

    def _unwrapped(self, group: Group[Shot]) -> Group[Any]:
        """Put the images of a set where the node has them, and their calibrations too."""
        infos = {arrival.camera: arrival.payload.info for arrival in group.arrivals}
        adopt_calibrations(self._inputs, infos)
        arrivals = tuple(
            replace(arrival, payload=arrival.payload.message) for arrival in group.arrivals
        )
        return replace(group, arrivals=arrivals)

    def _run(self, processing: Processing, job: Job) -> None:
        try:
            processing.run(job)
        except NonFiniteOutput as error:
            self._failed('non-finite output', str(error))
        except ValueError as error:
            self._failed('set that could not be mapped', str(error))
        except OSError:  # the next set would find no more room than this one
            raise
        except Exception as error:  # noqa: BLE001 - the node lives on as well, and counts
            if is_out_of_memory(error):
                self._failed('out of memory', str(error))
                release_gpu()
                return
            kind = type(error).__name__
            self._failed(kind, str(error))
            self.traces[kind] = traceback.format_exc()

    def _conclude(self, progress: Progress) -> None:
        """Collect what the node would report in its diagnostics."""
        for camera, count in progress.undecodable.items():
            self.failures['undecodable image'] += count
            self.reasons['undecodable image'] = f'{camera}: {progress.decode_errors[camera]}'
        focals = {f'focal length {name}': note for name, note in progress.focal_notes.items()}
        for what, note in (progress.notes | focals).items():
            if note:
                self.reasons[what] = note
        if progress.imagined.missing:
            self.reasons['mode'] = progress.imagined.missing

    def _failed(self, kind: str, reason: str) -> None:
        self.failures[kind] += 1
        self.reasons[kind] = reason
