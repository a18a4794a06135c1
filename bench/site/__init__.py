"""Turns the newest results of every section into a page: bench/results/index.html."""
