"""The two painted scenes of the demo clip. Everything is drawn from a seed; no third-party material."""
