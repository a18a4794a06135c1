"""The door to the mesh: Envoy's configuration, its process, its certificate, and the pages behind it."""
