"""Losses, data and loop that make the embedded model."""
