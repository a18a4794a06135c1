"""Media's tables in Cassandra, one script per version. Released scripts never change."""
