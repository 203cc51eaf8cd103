"""Class sets, palettes and label maps."""
