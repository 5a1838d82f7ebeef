"""From syntax tree to IR, and from IR to NumPy source."""
