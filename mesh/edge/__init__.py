"""The edge: Envoy's configuration, process and certificate, and the pages behind it."""
