"""Measures speed and memory as ratios to a bare server. Not installed; `make bench` runs it from the checkout."""
