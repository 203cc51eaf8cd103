"""A procedural street with exact truth."""
