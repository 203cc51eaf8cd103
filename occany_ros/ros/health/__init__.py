"""What the node says of itself, and what the doctor says of it."""
