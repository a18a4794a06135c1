"""The compared servers, each in its own processes, with their users and groups."""
