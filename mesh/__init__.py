"""Puts services into processes: the table of targets, serving, the embedded mesh, the edge, the command line."""
