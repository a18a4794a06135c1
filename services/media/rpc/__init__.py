"""The two doors of the media service: gRPC, and HTTP for bytes."""
