"""Our networks and functions against golden files made by the released code."""
