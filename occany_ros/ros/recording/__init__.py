"""Recordings: played to the node, made of topics, written offline."""
