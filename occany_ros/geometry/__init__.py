"""Values and pure functions about cameras, poses and points."""
