"""Transforms in and out."""
