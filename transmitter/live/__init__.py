"""Live sources: an upload that goes on while it is sent (docs/live.md)."""
