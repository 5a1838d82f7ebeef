"""Batches, networks, training and evaluation."""
