"""Video in, symbols out."""
