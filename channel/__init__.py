"""The channel emulator: symbols in, noisy symbols out. It knows nothing of video or semantics."""
