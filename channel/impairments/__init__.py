"""What a channel does beside fading: the level of the noise over time, and oscillators."""
