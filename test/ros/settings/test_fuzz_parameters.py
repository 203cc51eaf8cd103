"""Hostile values to the parameters: refused or applied whole, and never anything else."""

from dataclasses import asdict

from fuzz_tally import tried
from hypothesis import given
from hypothesis import strategies as st
from occany_ros.ros.engine import grid_spec, grouping_config
from occany_ros.ros.settings.parameter_checks import (
    camera_settings,
    changed,
    node_settings,
    parameters_from,
)
from occany_ros.ros.settings.parameters import Parameters
import pytest

pytestmark = pytest.mark.fuzz
SETTINGS = node_settings() | camera_settings('front')
RUNTIME = sorted(name for name, entry in SETTINGS.items() if entry.runtime)
ODD_NAMES = (
    '',
    '.',
    'sync.',
    '.slop',
    'sync.slop.slop',
    'camera',
    'sync',
    '__class__',
    'x' * 9999,
)

scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-2, 300),
    st.sampled_from((10**400, -(10**5000))),
    st.floats(),
    st.floats(-1, 20),
    st.text(max_size=20),
    st.sampled_from(sorted({str(c) for entry in SETTINGS.values() for c in entry.choices})),
    st.binary(max_size=5),
    st.none(),
)
values = scalars | st.lists(scalars, max_size=4) | st.lists(st.integers(0, 300), max_size=4)
names = st.sampled_from(sorted(SETTINGS)) | st.sampled_from(ODD_NAMES)


@given(changes=st.dictionaries(st.sampled_from(RUNTIME) | names, values, max_size=4))
def test_a_change_is_applied_or_refused(changes):
    tried('parameter changes')
    before = Parameters()
    try:
        after = changed(before, changes)
    except ValueError:
        assert before == Parameters()
        return
    assert {name.rpartition('.')[0] or name for name in changes} <= set(asdict(after))
    # What was applied can be worked with: this is what the node does next.
    assert grouping_config(after).cameras == ('front',)
    assert grid_spec(after).resolution > 0


@given(given_values=st.dictionaries(names, values, max_size=4))
def test_a_start_is_made_or_refused(given_values):
    tried('parameter files')
    try:
        parameters = parameters_from(given_values)
    except ValueError:
        return
    assert grouping_config(parameters).cameras == parameters.cameras
    assert all(size > 0 for size in grid_spec(parameters).shape)
