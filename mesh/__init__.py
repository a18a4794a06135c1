"""Processes of Chatly: the table of services, their servers, the embedded mesh, the edge, and the command line."""
