"""The tables of the message store in Cassandra, with one script per version. A released script never changes."""
