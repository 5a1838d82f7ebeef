"""Peers, each in a process of its own interpreter, which has the peer and nothing of ours.

A module here is run as ``python -m benchmarks.peers.NAME`` and imports the standard library, the
peer and `protocol` alone.
"""
