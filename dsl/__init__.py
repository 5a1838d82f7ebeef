"""From text to syntax tree: spans, diagnostics, parsing."""
