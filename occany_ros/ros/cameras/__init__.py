"""From camera topics to frames: subscriptions, sets, calibration, masks."""
