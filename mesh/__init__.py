"""Processes: the table of services, serving them, the embedded mesh, the edge, and the command line."""
