"""The method end to end: a set of images in, semantic occupancy and ego motion out."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, Generic

from occany_ros.geometry.frame import FrameSet
from occany_ros.models.factory import LoadedModel
from occany_ros.models.prediction import (
    MemoryT,
    NovelViewRenderer,
    NovelViews,
    Prediction,
    Reconstructor,
    TokensT,
)
from occany_ros.occupancy.grid import Classes
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.feature_colours import with_features
from occany_ros.pipeline.fitted_frames import check_frames, fitted
from occany_ros.pipeline.host_maps import fetch, fetch_features
from occany_ros.pipeline.imagination import described, imagine, network_of, NO_STAGE
from occany_ros.pipeline.labelled_scene import Labelling
from occany_ros.pipeline.localisation import locate, Located
from occany_ros.pipeline.masking import without_masked
from occany_ros.pipeline.metric import hung, in_metres, scale_report
from occany_ros.pipeline.modes import Imagined, Mode, NOTHING_IMAGINED
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.preprocess import network_size, Size, views_from_frames
from occany_ros.pipeline.state import initial_state, MapperState, restarted
from occany_ros.pipeline.stopwatch import Stopwatch
from occany_ros.pipeline.window import (
    in_memory_order,
    is_worth_keeping,
    remember_window,
    Remembered,
    Remembering,
    still_kept,
    views_of,
)
from occany_ros.semantics.reader import LabelReader
import torch


@dataclass(frozen=True, slots=True, eq=False)
class _Memories(Generic[TokensT, MemoryT]):
    """Memory of the whole window, and of its part that surely stays (None: cannot be reused)."""

    whole: Remembering[TokensT, MemoryT]
    kept: Remembering[TokensT, MemoryT] | None


class Mapper(Generic[TokensT, MemoryT]):
    """
    Turns frame sets into occupancy, for one camera or many, one instant or a sequence.

    Nothing is kept in here: all that is known from earlier sets is in the state that `step` takes
    and returns, so a step that failed leaves a usable state behind.

    :param reconstructor: the network; novel views are rendered if it is a `NovelViewRenderer`.
    :param classes: what its labels mean.
    :param image_size: network size for the first image's width and height.
    :param config: see `MapperConfig`.
    :param device: where images are sent.
    :param clock: seconds, for the stage times.
    """

    def __init__(
        self,
        *,
        reconstructor: Reconstructor[TokensT, MemoryT],
        classes: Classes,
        image_size: Callable[[int, int], Size],
        config: MapperConfig,
        device: torch.device,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.config = config
        self.classes = classes
        self._reconstructor = reconstructor
        self._image_size = image_size
        self._device = device
        self._reader: LabelReader | None = None
        self._clock = clock

    def in_mode(self, mode: Mode) -> 'Mapper[TokensT, MemoryT]':
        """Return a mapper of the same network in another mode; states fit both."""
        return self._configured(replace(self.config, mode=mode))

    def with_features(self, wanted: bool) -> 'Mapper[TokensT, MemoryT]':  # noqa: FBT001
        """Return a mapper that hands the features of the newest set out, or not."""
        return self._configured(replace(self.config, features=wanted))

    def with_reader(self, reader: LabelReader | None) -> 'Mapper[TokensT, MemoryT]':
        """Return a mapper of the same network that has a reader say what images show."""
        mapper = copy(self)
        mapper._reader = reader  # noqa: SLF001 - of its own class
        return mapper

    def initial(self) -> MapperState[TokensT, MemoryT]:
        """Return the state before the first set, and after a reset."""
        return initial_state()

    @torch.inference_mode()
    def step(
        self, state: MapperState[TokensT, MemoryT], frames: FrameSet
    ) -> tuple[MapperState[TokensT, MemoryT], Occupancy]:
        """
        Map one more set.

        :param state: from the step before, or `initial`; it is not changed.
        :param frames: at least one image, no camera twice.
        :returns: the next state, and what was found.
        :raises ValueError: the set is empty, names a camera twice, or an image is not RGB bytes.
        :raises NonFiniteOutput: the network answered NaN or infinity; go on with ``state``.
        """
        check_frames(frames)
        watch = Stopwatch(self._clock)
        state, restart = restarted(state, frames, self.config)
        size = state.size or self._image_size(*frames.frames[0].image.shape[1::-1])
        newest = self._encoded(frames, size, watch)
        kept = still_kept(state.window, frames.stamp_ns, self.config)
        memories = self._remembered(kept, newest, state.remembering)
        watch.lap('remember')
        prediction = self._reconstructor.render(memories.whole.memory, memories.whole.tokens)
        watch.lap('render')
        novel, imagined = self._imagined(memories.whole, prediction)
        if novel:
            watch.lap('novel')
        window = in_memory_order((*kept, newest), self.config.anchor)
        index = window.index(newest)
        here = views_of(window, index)
        views = [frame for entry in window for frame in entry.frames]
        labelling = Labelling(state.labels, self.classes, self.config, self._reader)
        fetched = fetch(prediction, novel, with_labels=labelling.hears_network)
        watch.lap('fetch')
        if labelling.asks_reader:
            window = labelling.read(window, index, prediction)
            watch.lap('labels')
        maps = without_masked(labelling.named(fetched, window), views)
        metric = in_metres(maps, window, index, state, self.config, self.classes)
        located = locate(
            metric.window,
            index,
            metric.maps.seen.world_from_camera,
            metric.rig,
            state.odom_from_base,
        )
        hanging = hung(state.hanging, located, index, metric, self.config)
        watch.lap('odometry')
        joint = hanging.joint(frames.grid_from_base)
        scene, labels = labelling.scene(
            metric.maps,
            located,
            index,
            joint,
            hanging.motion.odom_from_base,
            None if metric.has_leapt else hanging.since(state.hanging),
        )
        watch.lap('voxels')
        after = self._after(state, located, index, memories, frames)
        after = replace(after, size=size, scale=metric.track, hanging=hanging, labels=labels)
        return after, Occupancy(
            stamp_ns=frames.stamp_ns,
            grid=scene.grid,
            cloud=scene.cloud,
            motion=hanging.motion,
            views=with_features(scene.views, fetch_features(prediction, here))
            if self.config.features
            else scene.views,
            seconds=watch.seconds(),
            window=len(window),
            extrinsics=located.newest.extrinsics,
            restart=restart,
            imagined=imagined,
            grid_from_base=frames.grid_from_base,
            level=hanging.report(located.rig.first(self.config.cameras)),
            scale=scale_report(metric.track, self.config),
        )

    def _configured(self, config: MapperConfig) -> 'Mapper[TokensT, MemoryT]':
        mapper = copy(self)
        mapper.config = config
        return mapper

    def _encoded(self, frames: FrameSet, size: Size, watch: Stopwatch) -> Remembered[TokensT]:
        """Fit a new set to the network and encode it."""
        images = tuple(fitted(frame, size) for frame in frames.frames)
        views = views_from_frames(images, size, self._device)
        watch.lap('preprocess')
        tokens = tuple(self._reconstructor.encode(views))
        watch.lap('encode')
        return Remembered(images, tokens, external_from_base=frames.external_from_base)

    def _remembered(
        self,
        kept: tuple[Remembered[TokensT], ...],
        newest: Remembered[TokensT],
        earlier: Remembering[TokensT, MemoryT] | None,
    ) -> _Memories[TokensT, MemoryT]:
        old = tuple(token for entry in kept for token in entry.tokens)
        if self.config.anchor == 'first':
            base = remember_window(self._reconstructor, old, earlier) if len(old) > 1 else None
            whole = remember_window(self._reconstructor, old + newest.tokens, base)
            return _Memories(whole, base)
        window = in_memory_order((*kept, newest), self.config.anchor)
        tokens = tuple(token for entry in window for token in entry.tokens)
        return _Memories(remember_window(self._reconstructor, tokens), None)

    def _imagined(
        self, remembering: Remembering[TokensT, MemoryT], seen: Prediction
    ) -> tuple[tuple[NovelViews, ...], Imagined]:
        """Render what the mode plans around the seen views, where the network can."""
        plan, network = self.config.plan, self._reconstructor
        if plan is None:
            return (), NOTHING_IMAGINED
        if not isinstance(network, NovelViewRenderer):
            return (), Imagined(missing=NO_STAGE)
        memory, tokens = remembering.memory, remembering.tokens
        novel = imagine(network, memory, tokens, seen, plan, self.config.novel_batch)
        return novel, Imagined(self.config.mode, plan.count(len(tokens)), described(plan))

    def _after(
        self,
        state: MapperState[TokensT, MemoryT],
        located: Located[TokensT],
        index: int,
        memories: _Memories[TokensT, MemoryT],
        frames: FrameSet,
    ) -> MapperState[TokensT, MemoryT]:
        newest = located.window[index]
        kept = [entry for entry in located.window if entry is not newest]
        kept.sort(key=lambda entry: entry.stamp_ns)
        stays = is_worth_keeping(newest, kept, self.config)
        continued = memories.whole if stays and memories.kept is not None else memories.kept
        shapes = {frame.camera.name: frame.image.shape[:2] for frame in frames.frames}
        odom_from_base = newest.odom_from_base
        return MapperState(
            window=(*kept, newest) if stays else tuple(kept),
            remembering=continued,
            size=state.size,
            image_shapes={**state.image_shapes, **shapes},
            rig=located.rig,
            scale=state.scale,
            hanging=state.hanging,
            odom_from_base=state.odom_from_base if odom_from_base is None else odom_from_base,
            stamp_ns=frames.stamp_ns,
        )


def config_for(model: LoadedModel, mode: Mode = 'fast') -> MapperConfig:
    """Choose settings that suit a network, all others being the defaults."""
    return MapperConfig(
        fusion=model.fusion,
        confidence=model.confidence,
        novel=model.plan,
        mode=mode,
        novel_confidence=model.novel_confidence,
        novel_batch=model.novel_batch,
        is_metric=model.is_metric,
    )


def mapper_of(
    model: LoadedModel,
    classes: Classes,
    config: MapperConfig,
) -> Mapper[Any, Any]:
    """
    Make a mapper for a loaded network.

    :param classes: what its labels mean; where it predicts none, the set that names ``other``.
    """
    rule = model.image_size
    return Mapper(
        reconstructor=network_of(model),
        classes=classes,
        image_size=partial(
            network_size,
            long_side=rule.long_side,
            multiple=rule.multiple,
            short_side=rule.short_side,
        ),
        config=config,
        device=model.device,
    )
