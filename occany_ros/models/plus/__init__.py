"""OccAny+: depth and rays of any set of plain cameras at once, without a growing memory."""
