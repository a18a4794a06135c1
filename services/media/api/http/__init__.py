"""HTTP API of the media service. It transfers bytes, which JSON cannot carry."""
