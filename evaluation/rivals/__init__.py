"""What is compared: semvid's own variants and every rival, one small class each (`evaluation.methods`)."""
