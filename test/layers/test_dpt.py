"""Maps of tokens: sizes, and the savings against the order of the original."""

from occany_ros.layers.dpt import Fusion, FusionChain, place_marks, Reassembly
import torch
from torch.nn.functional import interpolate


def test_maps_have_four_sizes_and_fuse_to_eight_cells_a_patch():
    reassembly = Reassembly(channels=12, stages=(4, 6, 8, 10), width=16)
    tokens = [torch.randn(2, 15, 12) for _ in range(4)]
    maps = reassembly(tokens, (3, 5))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (16, 12, 20),
        (16, 6, 10),
        (16, 3, 5),
        (16, 2, 3),
    ]
    assert FusionChain(16)(maps).shape == (2, 16, 24, 40)


def test_the_last_convolution_may_run_before_the_map_is_enlarged():
    fusion = Fusion(8, is_topmost=False)
    x, lateral = torch.randn(2, 1, 8, 4, 6)
    late = interpolate(
        fusion.refine(x + fusion.lateral(lateral)), (9, 13), mode='bilinear', align_corners=True
    )
    torch.testing.assert_close(
        fusion(x, lateral, (9, 13)), fusion.output(late), atol=1e-5, rtol=1e-5
    )


def test_marks_are_added_before_a_map_is_resized():
    reassembly = Reassembly(channels=8, stages=(4, 4, 4, 4), width=8)
    tokens = [torch.zeros(1, 6, 8) for _ in range(4)]
    marks = [torch.randn(4, 2, 3) for _ in range(4)]
    plain, marked = reassembly(tokens, (2, 3)), reassembly(tokens, (2, 3), marks)
    for level in range(4):
        projected = reassembly.projections[level](torch.zeros(1, 8, 2, 3)) + marks[level]
        wanted = reassembly.narrow[level](reassembly.resizes[level](projected))
        torch.testing.assert_close(marked[level], wanted)
        assert not torch.allclose(plain[level], wanted)


def test_marks_tell_every_cell_from_every_other():
    marks = place_marks(16, (5, 7), 1.4)
    assert marks.shape == (16, 5, 7)
    cells = marks.flatten(1).mT
    apart = torch.cdist(cells, cells) + torch.eye(35)
    assert float(apart.min()) > 1e-3
    assert float(marks.abs().max()) <= 0.1 + 1e-6


def test_marks_mirror_with_the_image():
    marks = place_marks(8, (4, 6), 1.5)
    across = marks.flip(-1)
    torch.testing.assert_close(across[:2], -marks[:2])  # sines of the column
    torch.testing.assert_close(across[2:], marks[2:])
