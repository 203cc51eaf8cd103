"""The parts of the small network that ships with the package."""
