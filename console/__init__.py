"""What a person types and reads: the `semvid` command, the demo and its report, doctor, calibration."""
