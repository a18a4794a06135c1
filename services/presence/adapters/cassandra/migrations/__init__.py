"""Presence's tables in Cassandra, a script for each version. Scripts that have landed never change."""
