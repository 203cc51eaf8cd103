"""Network blocks that know nothing of cameras."""
