"""The demo: people, pictures, groups and some hundred messages."""
