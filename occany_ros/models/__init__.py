"""The networks: encode, remember, render; and how their weights are read."""
