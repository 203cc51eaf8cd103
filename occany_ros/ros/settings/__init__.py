"""The parameters of the node: declared, checked, written down."""
