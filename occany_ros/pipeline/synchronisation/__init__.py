"""From stamped messages of any number of cameras to sets."""
