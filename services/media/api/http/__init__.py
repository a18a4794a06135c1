"""The HTTP door of the media service: for bytes, which JSON cannot carry."""
