"""The media service: files, from the first byte of an upload to the last of a download."""
