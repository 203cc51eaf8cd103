import numpy as np
from occany_ros.occupancy.grid import GridSpec
from occany_ros.synthetic.cells import Cells, meets, Solid
from occany_ros.synthetic.primitives import Kind
import pytest
from solids import inside, random_solids

EDGE = 0.4


@pytest.mark.parametrize('row', range(20))
def test_cells_met_are_those_that_hold_points_of_the_solid(row):
    solids = random_solids(np.random.default_rng(row), 20, 8.0)
    middle = solids.centre[row]
    start = np.floor((middle - 2.4) / EDGE) * EDGE
    corners = [start[axis] + np.arange(12) * EDGE for axis in range(3)]
    cells = Cells(
        *(corners[axis] + EDGE / 2 - middle[axis] for axis in (0, 1)),
        corners[2] - middle[2],
        EDGE,
    )
    axes = solids.axes[row]
    heading = (float(axes[0, 0]), float(axes[0, 1]))
    solid = Solid(
        Kind(solids.kind[row]), solids.half[row], solids.shape[row], heading, axes[2, 2] > 0.5
    )
    met = meets(solid, cells)
    share = np.linspace(0, EDGE, 9)
    axis_points = [(corners[axis][:, None] + share).ravel() for axis in range(3)]
    points = np.stack(np.meshgrid(*axis_points, indexing='ij'), -1)

    def holds(margin):
        found = inside(solids, row, points, margin).reshape(12, 9, 12, 9, 12, 9)
        return found.any((1, 3, 5))

    assert met.any()
    assert not (holds(0.0) & ~met).any()
    assert not (met & ~holds(0.09)).any()


def test_default_grid_is_the_one_of_the_benchmark():
    from occany_ros.synthetic.truth import DEFAULT_GRID

    assert GridSpec((-40.0, -40.0, -1.0), 0.4, (200, 200, 16)) == DEFAULT_GRID
