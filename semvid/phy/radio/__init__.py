"""A burst as samples and back: pulses, a preamble, synchronisation. For somebody from the radio side.

    framed              known symbols around a burst (`semvid.waveform.RadioFrame` says how many)
    shaped, matched     root raised cosine pulses: symbols <-> samples
    found               where a burst begins in a stream of samples, and how far off the carrier is
    followed            its symbols, by the references in it
    Search              the two over samples that come bit by bit

A sample is complex64; samples of a burst have unit mean power, so that white noise of variance ``v`` a sample
gives ``Es/N0 = samples_per_symbol / v``. Times are in samples, frequencies in cycles per symbol.
"""
