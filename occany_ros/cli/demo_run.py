"""The demo: make or take a bag, run the node on it, judge and show what came out."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
import shutil
import sys
import time
from typing import Final

from occany_ros.bags.cameras import camera_parameters, camera_topics, CameraTopics
from occany_ros.bags.opening import bag_of
from occany_ros.bags.reader import BagReader
from occany_ros.bags.street import write_drive
from occany_ros.cli.demo_graph import run_node, script_of
from occany_ros.cli.folder_options import folder_choice
from occany_ros.cli.progress import Progress
from occany_ros.evaluation.demo_references import reference_scores
from occany_ros.evaluation.demo_report import (
    picture_facts,
    report_text,
    run_drift,
    run_scores,
    RunFigures,
    unsound,
    Verdict,
)
from occany_ros.evaluation.picture import draw_page, Page, save_picture
from occany_ros.evaluation.recorded import (
    palette_for,
    read_images,
    read_run,
    Recorded,
    telling_moment,
)
from occany_ros.ros.messages.image_messages import decode_message
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import Drive, make_drive
import torch

RATE_HZ: Final = 4.0
RATES: Final = {1: 0.5, 6: 0.25}  # of playing: what two cores can follow
EVERY_SET_S: Final = 0.2  # memory.min_interval, so that each set of a drive is remembered
PATIENCE_S: Final = 30.0  # a camera that is played slowly is not a dead one
SIZES: Final = {1: (160, 512), 6: (288, 512)}
STEPS: Final = {1: 60, 6: 24}
NEVER_REAL: Final = (
    'The weights are synthetic: this network has never seen a real image. That every frame went '
    'through is what was shown here; what the grid says is not meaningful.'
)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """
    What the node is run on.

    :param bag: to play.
    :param title: of the picture.
    :param cameras: topics of the bag.
    :param drive: the synthetic drive, None for other input.
    """

    bag: Path
    title: str
    cameras: tuple[CameraTopics, ...]
    drive: Drive | None

    @property
    def is_real(self) -> bool:
        """Tell whether the images are somebody's, not ours."""
        return self.drive is None


def run_demo(arguments: argparse.Namespace) -> int:
    """
    Run the whole demo.

    :returns: 0 if the node ran through and its outputs are sound.
    """
    started = time.monotonic()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    subject = _subject(arguments)
    output = arguments.out / 'bag'
    if output.exists():
        shutil.rmtree(output)
    rate = arguments.rate or RATES.get(len(subject.cameras), 1.0)
    step = subject.is_real or arguments.every_set
    script = script_of(subject.bag, subject.cameras, rate=rate, step=step)
    played = run_node(script, output, _parameters(arguments, subject))
    if not played.figures.processed:
        print(f'no grid came out of the node; its last words:\n{played.last_words}')
        return 1
    recorded = read_run(output)
    verdict = _verdict(recorded, subject)
    is_synthetic = played.figures.model.get('weights') == 'synthetic'
    note = NEVER_REAL if is_synthetic and recorded.truth is None else ''
    report = report_text(subject.title, played.figures, verdict, note)
    picture = arguments.out / 'occany.png'
    facts = picture_facts(played.figures, verdict)
    page = _page(recorded, output, subject, played.figures)
    warning = 'never trained on real images: the grid is not meaningful' if note else ''
    save_picture(picture, draw_page(replace(page, facts=facts, note=warning)))
    (arguments.out / 'report.txt').write_text(report, encoding='utf-8')
    print(f'\n{report}')
    print(f'picture  {picture}\nbag      {output}  (open it in RViz or Foxglove)')
    print(f'took     {time.monotonic() - started:.0f} s')
    failed = played.figures.problems or verdict.invalid
    return 1 if failed else 0


def _subject(arguments: argparse.Namespace) -> Subject:
    """Take the input, or make the synthetic drive."""
    if arguments.input is None:
        return _street(arguments)
    scratch = arguments.out / 'input'
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir()
    path, statement = bag_of(arguments.input, scratch, folder_choice(arguments))
    if statement:
        print(f'{arguments.input}: {statement}')
    cameras = _cameras(path)
    count = len(cameras)
    name = arguments.input.resolve().name
    title = f'{name}: {count} camera{"s" if count > 1 else ""} → semantic 3-D occupancy'
    return Subject(path, title, cameras, None)


def _street(arguments: argparse.Namespace) -> Subject:
    """Make the bag of a synthetic drive, or take the one made before."""
    count, seed = arguments.cameras, arguments.seed
    steps = arguments.steps or STEPS[count]
    rig = 'front' if count == 1 else 'surround'
    drive = make_drive(
        seed,
        rig='front' if count == 1 else 'surround',
        rate_hz=RATE_HZ,
        steps=steps,
        size=SIZES[count],
    )
    path = arguments.out / f'street_{rig}_{seed}_{steps}'
    if not (path / 'metadata.yaml').is_file():
        if path.exists():
            shutil.rmtree(path)
        progress = Progress('rendering a street')
        write_drive(drive, path, on_step=lambda done: progress.show(done / steps, f'{done} sets'))
        progress.done(f'{steps} sets -> {path}')
    else:
        print(f'using the drive made before: {path}')
    cameras = '1 camera' if count == 1 else f'{count} cameras'
    title = f'{cameras} → semantic 3-D occupancy and ego motion'
    return Subject(path, title, _cameras(path), drive)


def _cameras(path: Path) -> tuple[CameraTopics, ...]:
    with BagReader(path) as bag:
        if bag.damage:
            print(bag.damage, file=sys.stderr)
        cameras = camera_topics(bag.topics)
        if not cameras:
            raise LookupError(f'{path}: expected image topics, got {", ".join(bag.topics)}')
        return cameras


def _parameters(arguments: argparse.Namespace, subject: Subject) -> dict[str, object]:
    """Give the node its parameters: cameras of the bag, and the network."""
    values: dict[str, object] = {**camera_parameters(subject.cameras)}
    values |= {'model.variant': arguments.variant, 'sync.stale_after': PATIENCE_S}
    if subject.drive is not None:
        values['memory.min_interval'] = EVERY_SET_S
    if arguments.mode:
        values['mode'] = arguments.mode
    if arguments.checkpoint:
        values['model.checkpoint'] = str(Path(arguments.checkpoint).resolve())
    return values


def _verdict(recorded: Recorded, subject: Subject) -> Verdict:
    """Judge the outputs, beside the references where there is truth."""
    invalid = unsound(recorded)
    if recorded.truth is None:
        return Verdict(invalid=invalid)
    scores = {'the node': run_scores(recorded.prediction, recorded.truth, OCC3D)}
    if subject.drive is not None:
        steps = len(subject.drive)
        progress = Progress('scoring references')
        scores |= reference_scores(
            subject.drive, lambda done: progress.show(done / steps, f'{done} sets')
        )
        progress.done(f'{steps} sets')
    return Verdict(scores, run_drift(recorded.prediction, recorded.truth), invalid)


def _page(recorded: Recorded, bag: Path, subject: Subject, figures: RunFigures) -> Page:
    """Lay out one set."""
    stamps = sorted(recorded.prediction.grids)
    stamp_ns = telling_moment(recorded)
    scenes = [recorded.prediction.scene(stamp_ns)]
    if recorded.truth is not None and stamp_ns in recorded.truth.grids:
        scenes.append(recorded.truth.scene(stamp_ns))
    variant, weights = (figures.model.get(key, '?') for key in ('variant', 'weights'))
    what = 'camera images' if subject.is_real else 'synthetic street'
    return Page(
        title=subject.title,
        subtitle=f'{what} · {(stamp_ns - stamps[0]) / 1e9:.1f} s after the first set · '
        f'network {variant}, weights {weights}',
        images=read_images(bag, stamp_ns, decode_message),
        scenes=tuple(scenes),
        colours=palette_for(recorded.prediction.grids[stamp_ns].class_names),
    )
