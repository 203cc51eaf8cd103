"""From the parameters to a network and a mapper; knows no ROS."""

from dataclasses import dataclass, replace
from functools import partial
import gc
from pathlib import Path
from typing import Any, cast, Final

from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.device import PRECISIONS, resolve_device
from occany_ros.models.factory import load_model, LoadedModel
from occany_ros.occupancy.pooling import Pooling
from occany_ros.pipeline.config import Fusion, LevelMode, MapperConfig, Merge, ScaleSource
from occany_ros.pipeline.imagination import network_of
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.memory_ladder import is_out_of_memory
from occany_ros.pipeline.modes import Mode
from occany_ros.pipeline.preprocess import network_size
from occany_ros.pipeline.synchronisation.arrivals import GroupingConfig
from occany_ros.ros.gpu_limit import limit_gpu_memory
from occany_ros.ros.settings.class_choice import (
    check_mode,
    chosen_classes,
    label_rules,
    labels_from,
    reader_source,
)
from occany_ros.ros.settings.grids import grid_spec
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.semantics.classes import ClassSet
from occany_ros.semantics.reader import LabelReader
from occany_ros.semantics.reader_choice import LICENCES, load_reader, masks_for
import torch

NO_ROOM: Final = (
    'out of memory before the first set; take a smaller model.variant or model.precision bf16, '
    'raise gpu.max_memory_gb, or end other programs'
)
UNSCALED: Final = (
    'unknown unit: this network knows lengths up to a factor only; set scale.source to odom or '
    'camera_height'
)


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """
    A loaded network and the classes of its grid.

    :param model: the network.
    :param classes: of the grid, in the colours of the palette.
    :param labels: where labels come from, or why there are none.
    :param lengths: whether they are metres, and if not, what makes them so.
    :param reader: networks that say what images show; None where the network of geometry does, or
        nobody.
    :param memory: what became of ``gpu.max_memory_gb``; empty where it is not set.
    """

    model: LoadedModel
    classes: ClassSet
    labels: str
    lengths: str = 'metres'
    reader: LabelReader | None = None
    memory: str = ''

    def mapper(self, parameters: Parameters) -> Mapper[Any, Any]:
        """Make a mapper that works as the parameters say."""
        rule = self.model.image_size
        long_side = parameters.model.image_size or rule.long_side
        short_side = None if parameters.model.image_size else rule.short_side
        size = partial(
            network_size, long_side=long_side, multiple=rule.multiple, short_side=short_side
        )
        return Mapper(
            reconstructor=network_of(self.model),
            classes=self.classes,
            image_size=size,
            config=replace(
                mapper_config(parameters, self.model),
                labels=label_rules(parameters, self.classes),
            ),
            device=self.model.device,
        ).with_reader(self.reader)

    def about(self) -> dict[str, str]:
        """Describe the network to users."""
        model = self.model
        second = {'render_weights': model.render_weights, 'render_sha256': model.render_sha256}
        masks = (
            {} if self.reader is None else {'labels_licence': LICENCES[masks_for(model.variant)]}
        )
        return {
            'variant': model.variant,
            'weights': model.weights,
            'sha256': model.sha256,
            **(second if model.render_weights else {}),
            'device': str(model.device),
            'precision': model.precision,
            'compile': model.acceleration,
            'stage': model.stage,
            'lengths': self.lengths,
            'labels': self.labels,
            'licence': model.licence,
            **masks,
        }

    def lacks(self) -> tuple[str, ...]:
        """Say what answers lack that a user may count on: metres, or labels asked for."""
        return tuple(
            f'{name}: {text}'
            for name, text in (('lengths', self.lengths), ('labels', self.labels))
            if text.startswith(('unknown', 'none'))
        )


def load_engine(parameters: Parameters) -> Engine:
    """
    Load the network, into as much of a GPU as it may take.

    :raises ValueError: no such network, device, checkpoint or class; the message names the
        remedy.
    :raises OSError: the checkpoint or the class file cannot be read.
    """
    check_mode(parameters)
    chosen = parameters.model
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    memory = limit_gpu_memory(resolve_device(chosen.device), parameters.gpu.max_memory_gb)
    model = load_model(
        chosen.variant,
        checkpoint=_path(chosen.checkpoint),
        render_checkpoint=_path(chosen.render_checkpoint),
        device=chosen.device,
        precision=chosen.precision,
        acceleration=chosen.compile,
    )
    multiple = model.image_size.multiple
    if chosen.image_size % multiple:
        raise ValueError(
            f'model.image_size: expected a multiple of {multiple}, got {chosen.image_size}; '
            f'0 takes {model.image_size.long_side}, what it was trained with'
        )
    reads = reader_source(parameters, model) is not None
    classes = chosen_classes(parameters, chosen.variant, None if reads else model.class_set)
    return Engine(
        model=model,
        classes=classes,
        labels=labels_from(parameters, model),
        lengths=lengths_from(parameters, model),
        reader=label_reader(parameters, model, classes),
        memory=memory,
    )


def loading_problem(error: Exception) -> str:
    """Say why a network could not be loaded, and the remedy where memory ran out."""
    if is_out_of_memory(error):
        return f'{NO_ROOM} ({str(error) or type(error).__name__})'
    return str(error)


def label_reader(
    parameters: Parameters, model: LoadedModel, classes: ClassSet
) -> LabelReader | None:
    """
    Load the networks that read labels, where they are asked for.

    :raises ValueError: their folder is not what it should be, or a library is missing.
    """
    source = reader_source(parameters, model)
    if source is None:
        return None
    return load_reader(
        masks_for(model.variant),
        Path(parameters.semantics.weights).expanduser(),
        classes,
        source,
        device=model.device,
        precision=PRECISIONS[model.precision],
    )


def _path(given: str) -> Path | None:
    return Path(given).expanduser() if given else None


def lengths_from(parameters: Parameters, model: LoadedModel) -> str:
    """Say whether lengths are metres, and what makes them so."""
    source = parameters.scale.source
    if model.is_metric:
        return 'metres'
    return UNSCALED if source == 'model' else f'metres by scale.source: {source}'


def render_plan(parameters: Parameters, model: LoadedModel) -> NovelViewPlan:
    """Plan the views of mode quality; what is left open follows the network."""
    given, own = parameters.render, model.plan
    return replace(
        own,
        views_per_frame=given.views_per_frame or own.views_per_frame,
        forward_m=given.forward_m or own.forward_m,
        rotate_deg=own.rotate_deg if given.rotate_deg < 0 else given.rotate_deg,
        lateral_m=own.lateral_m if given.lateral_m < 0 else given.lateral_m,
    )


def mapper_config(parameters: Parameters, model: LoadedModel) -> MapperConfig:
    """Give the mapper's settings their values; what is left open follows the network."""
    memory = parameters.memory
    fusion: dict[str, Fusion] = {'trilinear': 'trilinear', 'carve': 'carve'}
    return MapperConfig(
        frames=memory.frames,
        min_interval_s=memory.min_interval,
        min_translation_m=memory.min_translation,
        max_age_s=memory.max_age,
        max_gap_s=memory.max_gap,
        anchor='first' if memory.anchor == 'first' else 'newest',
        confidence=parameters.confidence.recon or model.confidence,
        novel=render_plan(parameters, model),
        mode=cast(Mode, parameters.mode),
        novel_confidence=parameters.confidence.render or model.novel_confidence,
        novel_batch=parameters.render.batch or model.novel_batch,
        merge=cast(Merge, parameters.render.merge),
        grid=grid_spec(parameters),
        fusion=fusion.get(parameters.grid.fusion, model.fusion),
        pooling=cast(Pooling, parameters.grid.pooling),
        max_points=parameters.points.max_points,
        cameras=parameters.cameras,
        assumed_height_m=parameters.level.camera_height,
        level=cast(LevelMode, parameters.level.mode),
        scale=cast(ScaleSource, parameters.scale.source),
        is_metric=model.is_metric,
    )


def grouping_config(parameters: Parameters) -> GroupingConfig:
    """Give the synchroniser's settings their values."""
    sync = parameters.sync
    return GroupingConfig(
        cameras=parameters.cameras,
        slop_ns=round(sync.slop * 1e9),
        min_cameras=sync.min_cameras,
        max_wait_ns=round(sync.max_wait * 1e9),
        stale_after_ns=round(sync.stale_after * 1e9),
        max_gap_ns=round(parameters.memory.max_gap * 1e9),
    )


def release_gpu() -> None:
    """Give memory that nothing uses back to the GPU: torch keeps it otherwise."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
