"""The servers that are compared, each in processes of its own, and the people and groups on them."""
