"""A small believable demo: people, pictures, groups and some hundred messages, put in through the public API."""
