"""What becomes of a video's sound: which codec at which rate, and its packets as the pictures advance."""
