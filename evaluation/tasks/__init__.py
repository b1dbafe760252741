"""What machines do with the video: recognise, caption, detect, estimate depth (paper, downstream tasks)."""
