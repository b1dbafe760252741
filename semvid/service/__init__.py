"""What every service does alike: settings, logs, metrics, problem+json, event streams, start and stop."""
