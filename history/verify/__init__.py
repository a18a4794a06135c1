"""Checks of the stored data, for `chatly verify`. They change nothing."""
