"""Renders the newest results of every section as a page: bench/results/index.html."""
