"""Experiments of .train files: from their text to plans that the runtime carries out."""
