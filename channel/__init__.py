"""The channel emulator: symbols in, noisy symbols out. It knows nothing of video or semantics.

models/        what the channel multiplies each symbol by, one model a file
gaussian.py    exact Gaussian draws
noise.py       y = h x + n for one block
conditions.py  what the channel does, and registry.py for whom
power.py       no sender may buy SNR with power
proxy.py       LinkService: between any two ends, chained, or left out
control.py     ChannelControlService: conditions at run time
app.py         the process; settings.py, downstream.py, observability.py
"""
