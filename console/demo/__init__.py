"""`semvid demo`: all three services as processes, one clip across the noisy channel, and a report on it."""
