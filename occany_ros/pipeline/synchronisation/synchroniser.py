"""What is asked of anything that makes sets of messages."""

from typing import Protocol

from occany_ros.pipeline.synchronisation.arrivals import (
    Arrival,
    CameraStatistics,
    Closing,
    Grouped,
    GroupingConfig,
    PayloadT,
)


class Synchroniser(Protocol[PayloadT]):
    """Makes sets of messages; see `FrameGrouper` for what each does."""

    @property
    def config(self) -> GroupingConfig:
        """Return the configuration in force."""

    @property
    def needs_all(self) -> bool:
        """Tell whether every set holds every camera, so that one that is silent ends them."""

    @property
    def waiting(self) -> int:
        """Count the messages that wait for their set."""

    @property
    def next_deadline_ns(self) -> int | None:
        """Steady time at which `poll` does something; None: never."""

    def adopt(self, config: GroupingConfig) -> None:
        """Go on with other limits; ValueError if the cameras are others."""

    def push(self, arrival: Arrival[PayloadT], now_ns: int) -> Grouped[PayloadT]:
        """Take one message in; LookupError if its camera is unknown."""

    def poll(self, now_ns: int) -> Grouped[PayloadT]:
        """Hand out what has waited long enough."""

    def drain(self, now_ns: int) -> Grouped[PayloadT]:
        """Hand out everything that may become a set."""

    def reset(self, now_ns: int) -> None:
        """Drop what waits."""

    def closings(self) -> dict[Closing, int]:
        """Count the sets handed out, by reason."""

    def statistics(self, now_ns: int) -> tuple[CameraStatistics, ...]:
        """Figures of every camera."""
