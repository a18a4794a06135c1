"""HTTP API of the media service, for bytes that JSON cannot carry."""
