"""What a soak test measured, and whether that is good enough; pure functions."""

from dataclasses import asdict, dataclass, field
import json

import numpy as np

WARM_UP = 0.2
PERIODS = 2.0
MOST_GROWTH = 0.03
WIDEST = 1.10
WINDOWS = 10
LEAST_OFFERED = 0.95
IN_FLIGHT_SETS = 2
WAITING_IMAGES = 3
END_S = 2.0
MIB = 1 << 20


@dataclass
class Sample:
    """
    The node at one moment.

    :param seconds: since the start of the measurement.
    :param memory_mb: by kind, from /proc: rss, anon, file, shmem.
    :param received: images of every camera together.
    :param used: images that became part of a set.
    :param dropped: images by reason.
    :param sets: sets that were made.
    :param outputs: sets that went out.
    :param set_drops: sets that did not, by reason.
    """

    seconds: float
    memory_mb: dict[str, float]
    received: int = 0
    used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    sets: int = 0
    outputs: int = 0
    set_drops: dict[str, int] = field(default_factory=dict)

    @property
    def waiting_images(self):
        """Count images that are neither used nor dropped."""
        return self.received - self.used - sum(self.dropped.values())

    @property
    def waiting_sets(self):
        """Count sets that neither went out nor were dropped."""
        return self.sets - self.outputs - sum(self.set_drops.values())


@dataclass
class Soak:
    """
    One run.

    :param cameras: how many.
    :param rate_hz: of each, as asked.
    :param seconds: how long.
    :param sent: images published meanwhile.
    :param late_beats: beats of the cameras that were a whole period late.
    :param latencies_s: stamp to receipt of the output, at a subscriber.
    :param arrivals_s: when outputs came.
    :param stages_ms: durations inside the node: stage -> p50, p95.
    :param samples: in the order of time.
    :param maps_mb: memory by what is mapped: at the end of the warm-up, and at the end.
    :param exit_status: of the node.
    :param end_s: from the signal to its end.
    :param load: of the machine, before and after.
    """

    cameras: int
    rate_hz: float
    seconds: float
    sent: int = 0
    late_beats: int = 0
    latencies_s: list[float] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    stages_ms: dict[str, tuple[float, float]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    maps_mb: list[dict[str, float]] = field(default_factory=list)
    exit_status: int = 0
    end_s: float = 0.0
    load: list[float] = field(default_factory=list)

    @property
    def steady(self):
        """Leave the warm-up out of the samples."""
        return [item for item in self.samples if item.seconds >= WARM_UP * self.seconds]

    @property
    def worker_period_s(self):
        """Usual time from one output to the next."""
        return float(np.median(np.diff(self.arrivals_s))) if len(self.arrivals_s) > 1 else 0.0

    @property
    def ages(self):
        """
        Latency of every output but the first, in worker periods.

        The period is the one at that time, from the output before: a machine that is busy with
        something else makes both longer.
        """
        gaps = np.diff(self.arrivals_s)
        return np.array(self.latencies_s[1:]) / np.maximum(gaps, 1e-3)

    def latency_s(self, percent):
        """Latency that so many percent of the outputs did not exceed."""
        return float(np.percentile(self.latencies_s, percent)) if self.latencies_s else np.inf


@dataclass
class Verdict:
    """
    One target.

    :param name: what is asked.
    :param met: whether it was reached.
    :param text: the figure and its bound.
    """

    name: str
    met: bool
    text: str


def peaks(samples):
    """
    Give the sample with most memory of each tenth of the time.

    Between sets, and with them, memory comes and goes; what matters is whether its peaks grow.
    """
    parts = np.array_split(np.arange(len(samples)), min(WINDOWS, len(samples)) or 1)
    return [max((samples[i] for i in part), key=lambda x: x.memory_mb['rss']) for part in parts]


def slope_mb_a_minute(samples, kind='rss'):
    """Fit a line to the memory; how steep it is."""
    if len(samples) < 2:
        return 0.0
    minutes = [item.seconds / 60 for item in samples]
    return float(np.polyfit(minutes, [item.memory_mb[kind] for item in samples], 1)[0])


def verdicts(run):
    """Compare a run with its targets."""
    highest = peaks(run.steady) if run.steady else []
    memory = [item.memory_mb['rss'] for item in highest] or [np.inf]
    slope, width = slope_mb_a_minute(highest), max(memory) / min(memory)
    growth = slope * (1 - WARM_UP) * run.seconds / 60 / float(np.mean(memory))
    offered = run.sent / (run.cameras * run.rate_hz * run.seconds)
    age = float(np.percentile(run.ages, 99)) if len(run.ages) else np.inf
    images = max((item.waiting_images for item in run.samples), default=0)
    least = min((item.waiting_images for item in run.samples), default=0)
    sets = max((item.waiting_sets for item in run.samples), default=0)
    most = WAITING_IMAGES * run.cameras
    return [
        Verdict(
            'cameras keep their rate',
            offered >= LEAST_OFFERED,
            f'{offered:.1%} of {run.cameras} x {run.rate_hz:g} Hz, at least {LEAST_OFFERED:.0%}',
        ),
        Verdict(
            'latency',
            age <= PERIODS,
            f'p99 {age:.2f} worker periods from stamp to subscriber, at most {PERIODS:g}; '
            f'p50 {run.latency_s(50) * 1e3:.0f} ms, a period {run.worker_period_s * 1e3:.0f} ms',
        ),
        Verdict(
            'memory is flat',
            growth <= MOST_GROWTH and width <= WIDEST,
            f'its peaks grow {slope:+.2f} MB a minute, {growth:+.1%} in all, at most '
            f'{MOST_GROWTH:.0%}; highest/lowest peak {width:.3f}, at most {WIDEST:g}',
        ),
        Verdict(
            'queues are short',
            images <= most and sets <= IN_FLIGHT_SETS,
            f'{images} images waiting, at most {most}; {sets} sets, at most {IN_FLIGHT_SETS}',
        ),
        Verdict(
            'nothing is lost uncounted',
            least >= 0 and bool(run.samples) and run.samples[-1].waiting_images <= most,
            'images received = used + dropped for a reason + waiting',
        ),
        Verdict(
            'ends when told',
            run.exit_status == 0 and run.end_s <= END_S,
            f'exit status {run.exit_status} after {run.end_s:.2f} s, at most {END_S:g}',
        ),
    ]


def table(run):
    """Write the figures for people, line by line."""
    steady = run.steady or run.samples
    last = run.samples[-1]
    gaps = np.diff(run.arrivals_s)
    spread = [float(np.percentile(gaps, p)) * 1e3 for p in (50, 95, 99)] if len(gaps) else [0] * 3
    yield f'{run.cameras} cameras at {run.rate_hz:g} Hz for {run.seconds:.0f} s'
    yield f'  machine load            {", ".join(f"{value:.2f}" for value in run.load)}'
    yield f'  images sent             {run.sent} ({run.late_beats} beats a period late)'
    yield f'  images received         {last.received}'
    yield f'  images used             {last.used}'
    for reason, count in last.dropped.items():
        yield f'    dropped: {reason:<52} {count}'
    yield f'  sets                    {last.sets}'
    for reason, count in last.set_drops.items():
        yield f'    dropped: {reason:<52} {count}'
    yield f'  outputs                 {last.outputs} ({len(run.latencies_s)} at the subscriber)'
    yield '  worker period, ms       ' + ' '.join(
        f'p{p} {value:.0f}' for p, value in zip((50, 95, 99), spread, strict=True)
    )
    yield '  stamp to receipt, ms    ' + ' '.join(
        f'p{p} {run.latency_s(p) * 1e3:.0f}' for p in (50, 95, 99, 100)
    )
    if len(run.ages):
        yield '    in worker periods     ' + ' '.join(
            f'p{p} {np.percentile(run.ages, p):.2f}' for p in (50, 95, 99, 100)
        )
    for name, (p50, p95) in run.stages_ms.items():
        yield f'    {name:<22}p50 {p50:.1f} p95 {p95:.1f}'
    for kind in ('rss', 'anon', 'file', 'shmem'):
        values = [item.memory_mb[kind] for item in steady]
        yield (
            f'  memory {kind:<6} MB        first {values[0]:.0f} last {values[-1]:.0f} '
            f'max {max(values):.0f} slope {slope_mb_a_minute(steady, kind):+.2f} a minute'
        )
    if len(run.maps_mb) == 2:
        before, after = run.maps_mb
        for name in sorted(after, key=after.get, reverse=True)[:8]:
            yield f'    {name:<28}{before.get(name, 0.0):8.1f} -> {after[name]:8.1f} MB'


def as_json(run):
    """Write everything, for programs."""
    content = asdict(run) | {'verdicts': [asdict(item) for item in verdicts(run)]}
    return json.dumps(content, indent=1)
