"""Questions about videos: those that wait for the transmitter, and those that are answered here."""
