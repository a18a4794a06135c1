"""Servers that Chatly is compared to."""
