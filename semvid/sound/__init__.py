"""Sound: read from files, coded and decoded. With `semvid.video` and `semvid.images` the only PyAV code."""
