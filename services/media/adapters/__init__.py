"""Where the media service keeps things, and whom it asks."""
