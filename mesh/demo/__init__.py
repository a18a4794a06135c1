"""The demo: people, pictures, groups and several hundred messages."""
