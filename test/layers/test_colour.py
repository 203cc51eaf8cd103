"""Colours in the ranges that networks were trained on."""

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.layers.colour import centred, MEAN, SPREAD, standardised, uncentred
import torch


def test_centred_colours_span_minus_one_to_one():
    colours = torch.tensor([0, 51, 255]) / 255
    torch.testing.assert_close(centred(colours), torch.tensor([-1.0, -0.6, 1.0]))


@given(st.integers(0, 255))
def test_centring_can_be_undone(byte):
    colour = torch.tensor(byte) / 255
    torch.testing.assert_close(uncentred(centred(colour)), colour)


def test_standardised_colours_have_no_mean_and_unit_spread():
    mean, spread = (torch.tensor(x)[:, None, None] for x in (MEAN, SPREAD))
    colours = torch.cat((mean - spread, mean + spread), dim=-1)  # (3, 1, 2)
    found = standardised(colours.expand(5, 3, 1, 2))
    torch.testing.assert_close(found, torch.tensor([-1.0, 1.0]).expand(5, 3, 1, 2))
