"""Voxel grids: filling, pooling, fusing, projecting and scoring them."""
