"""Video files: the only PyAV users besides `semvid.images`.

`probe` decides at the door whether a file is a video that we accept, `read_frames` gives its frames one by
one, `VideoWriter` makes an MP4 with the same time stamps, `timing` says which time stamps must cross the air.
"""
