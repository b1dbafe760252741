"""From sound packets to samples beside the pictures."""
