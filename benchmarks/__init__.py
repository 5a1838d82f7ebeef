"""Measurements, side by side and as ratios in one run: ``python -m benchmarks NAME``.

The machines are shared and noisy, so that a time alone says little: what is compared alternates
within one process or session, and the median of the ratios is reported with their range.
"""
