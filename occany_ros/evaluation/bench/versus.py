"""Ours against the schedule as it was released (OccAny spec, section 16), in the same minute."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from occany_ros.evaluation.bench.cost import Action, Cost, costs
from occany_ros.evaluation.bench.report import DASH, MEGA, Report, TERA
from occany_ros.evaluation.bench.setup import Setup
from occany_ros.evaluation.bench.subject import RANDOM, weight_bytes
from occany_ros.evaluation.literal.ray_encoder import unread_transformer
from occany_ros.evaluation.literal.reconstruction import LiteralScene, reconstruct
from occany_ros.evaluation.literal.rendering import render_novel
from occany_ros.models.occany import OccAny
from occany_ros.models.postprocess import PointMaps

NAME: Final = 'literal'
CHUNK: Final = 12
"""Novel views the released demo renders together."""
SEEING: Final = 'reconstruction'
RENDERING: Final = 'rendering'
LITERAL: Final = 'released schedule fp32'
TARGETS: Final = {
    (SEEING, 'fp32'): 0.85,
    (RENDERING, 'fp32'): 0.6,
    (SEEING, 'bf16'): 0.35,
    (RENDERING, 'bf16'): 0.25,
}
"""Shares of the released schedule's time that are aimed for on a processor."""
MEMORY_TARGET: Final = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """
    Costs of everything.

    :param seeing: who -> cost of the reconstruction.
    :param rendering: who -> cost of the novel views.
    :param weights: who -> bytes of weights.
    """

    seeing: Mapping[str, Cost]
    rendering: Mapping[str, Cost]
    weights: Mapping[str, int]

    def peak(self, who: str) -> int:
        """Weights, and the most that was held beside them."""
        both = (self.seeing[who], self.rendering[who])
        return self.weights[who] + max(cost.memory.working for cost in both)


def versus_report(setups: Mapping[str, Setup], novel_views: int) -> Report:
    """
    Run the released schedule and ours in turns, on the same weights.

    :param setups: precision -> our network in it, ``fp32`` among them; the schedule takes that
        one's weights.
    :param novel_views: how many.
    :raises ValueError: if the network is not an OccAny with a rendering stage.
    """
    base = setups.get('fp32')
    network = base.network if base else None
    if base is None or not isinstance(network, OccAny) or network.ray_maps is None:
        raise ValueError(
            'against-literal: expected the variant occany with a rendering stage, in fp32 too; '
            'take `--variant occany --random`'
        )
    poses = base.novel_poses(novel_views)
    images = base.street.views.images
    scene = _literal_scene(base, network)
    seeing: dict[str, Action] = {LITERAL: lambda: reconstruct(network, images)}
    rendering: dict[str, Action] = {
        LITERAL: lambda: render_novel(network, scene, poses, chunk=CHUNK)
    }
    for precision, setup in setups.items():
        seeing[precision] = setup.reconstruct
        rendering[precision] = partial(setup.rendering().views, poses)
    device, effort = base.model.device, base.effort
    accelerated = [network for setup in setups.values() for network in setup.accelerated]
    sizes = network.config
    if sizes.ray_maps is None:
        raise ValueError('--against-literal: expected a network with a rendering stage, got none')
    dead = unread_transformer(sizes.ray_maps.width, sizes.encoder.width)
    runs = _Runs(
        costs(seeing, device, effort, accelerated),
        costs(rendering, device, effort, accelerated),
        {
            LITERAL: weight_bytes(network) + weight_bytes(dead),
            **{name: weight_bytes(setup.network) for name, setup in setups.items()},
        },
    )
    return _report(base, runs, novel_views, is_processor=device.type == 'cpu')


def _literal_scene(base: Setup, network: OccAny) -> LiteralScene:
    scene = reconstruct(network, base.street.views.images)
    if base.model.weights != RANDOM:
        return scene
    seen = base.street.true(base.reconstruct().prediction)
    maps = PointMaps(
        world_points=seen.world_points,
        local_points=seen.local_points,
        confidence=seen.confidence,
    )
    return replace(
        scene,
        seen=replace(
            scene.seen,
            maps=maps,
            focal=seen.focal,
            world_from_camera=seen.world_from_camera,
        ),
    )


def _report(base: Setup, runs: _Runs, novel_views: int, *, is_processor: bool) -> Report:
    rows: list[tuple[str, ...]] = []
    ratios: dict[str, float] = {}
    views = base.preset.views
    for work, found, title in (
        (SEEING, runs.seeing, f'reconstruction of {views}'),
        (RENDERING, runs.rendering, f'rendering of {novel_views}'),
    ):
        for who, cost in found.items():
            ratio = cost.median / found[LITERAL].median
            busy = cost.busy / found[LITERAL].busy
            ratios[f'{work} {who}'] = ratio
            ratios[f'{work} {who}, processor time'] = busy
            target = TARGETS.get((work, who)) if is_processor else None
            cells = (f'{cost.median:.2f} s', f'{cost.flops / TERA:.2f} TFLOP')
            rows.append((f'{title}, {who}', *cells, f'{busy:.3f}', *_verdict(ratio, target)))
    for who in runs.seeing:
        ratio = runs.peak(who) / runs.peak(LITERAL)
        ratios[f'memory {who}'] = ratio
        target = MEMORY_TARGET if who == 'fp32' else None
        cells = (f'{runs.peak(who) / MEGA:.0f} MB', DASH)
        rows.append((f'memory, {who}', *cells, DASH, *_verdict(ratio, target)))
    return Report(
        name=NAME,
        title=f'Against the released schedule, {CHUNK} novel views at once: {base.title}',
        headers=('', 'median', 'counted', 'of processor time', 'ratio', 'target', ''),
        rows=rows,
        notes=('memory: weights, and the most that was held beside them',),
        figures={
            'ratios': ratios,
            'reconstruction': {w: base.yardstick.figures(c) for w, c in runs.seeing.items()},
            'rendering': {w: base.yardstick.figures(c) for w, c in runs.rendering.items()},
            'peak_bytes': {who: runs.peak(who) for who in runs.seeing},
        },
    )


def _verdict(ratio: float, target: float | None) -> tuple[str, str, str]:
    if target is None:
        return (f'{ratio:.3f}', DASH, '')
    return (f'{ratio:.3f}', f'{target:g}', 'met' if ratio <= target else 'MISSED')
