"""Code that every service uses: servers, channels, errors, settings, telemetry, drivers. Contains no chat rules."""
