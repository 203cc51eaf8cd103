"""Scores against truth, and the tables that show them."""
