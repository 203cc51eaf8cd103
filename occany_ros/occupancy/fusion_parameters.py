"""How the evidence of rays is weighed."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FusionParameters:
    """
    How evidence is weighed; the defaults suit a relative depth error of 5 to 8 %.

    :param depth_error: relative error of the depth that hits are spread over.
    :param least_error: absolute error they are spread over at least, metres.
    :param depth_shift: hits move away from the camera by this many errors: surfaces have a back.
    :param margin: rays stop to count against cells this many errors before their end.
    :param pass_weight: worth of a pass against that of a hit.
    :param threshold: evidence an obstacle cell needs, in views that saw all of it.
    :param ground_threshold: evidence a ground cell needs, in rays.
    :param ground_clearance: rays to the ground carve only while higher above their end, metres.
    :param ground_stretch: longest stretch of one ground hit along the ground, metres.
    :param confidence_power: 0 ignores the confidence of points, 1 weighs by it.
    :param balance: 0 lets every vote count, 1 as much for a rare class as for a frequent one.
    :param max_range: rays are cut here, and points beyond are left out, metres.
    :param unseen_is_unknown: cells no ray touched are unknown instead of free.
    :param novel_weight: worth of a hit of a novel view, against one of a seen view.
    :param novel_pass_weight: worth of a pass of a novel view, against one of a seen view.
    :param novel_depth_error: ``depth_error`` of novel views.
    :param novel_threshold: ``threshold`` where there are novel views.
    """

    depth_error: float = 0.06
    least_error: float = 0.15
    depth_shift: float = 0.5
    margin: float = 0.0
    pass_weight: float = 0.1
    threshold: float = 0.05
    ground_threshold: float = 0.0
    ground_clearance: float = 0.5
    ground_stretch: float = 3.0
    confidence_power: float = 1.0
    balance: float = 0.5
    max_range: float = 60.0
    unseen_is_unknown: bool = False
    novel_weight: float = 1.0
    novel_pass_weight: float = 1.0
    novel_depth_error: float = 0.06
    novel_threshold: float = 0.05

    def with_novel_views(self) -> 'FusionParameters':
        """Choose what suits seen and novel views together."""
        return replace(self, threshold=self.novel_threshold)
