#!/usr/bin/python3
"""A flowgraph of GNU Radio in the channel's place: samples in over ZeroMQ, noise and offsets, samples out.

Runs with the Python that GNU Radio is installed for (Debian: ``apt-get install gnuradio``,
/usr/bin/python3), until it is interrupted:

    /usr/bin/python3 scripts/gnuradio_channel.py --snr-db 15 --cfo-hz 200
    SEMVID_CHANNEL_AIR=zmq:tcp://127.0.0.1:5555,tcp://127.0.0.1:5556 semvid serve channel

``--throttle`` lets the samples pass at the speed of a radio.
"""

import argparse
import signal
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--take", default="tcp://127.0.0.1:5555", help="where the channel gives samples")
    parser.add_argument("--give", default="tcp://127.0.0.1:5556", help="where it takes them")
    parser.add_argument("--symbol-rate-hz", type=float, default=1e6)
    parser.add_argument("--samples-per-symbol", type=int, default=2)
    parser.add_argument("--snr-db", type=float, default=15.0, help="Es/N0")
    parser.add_argument("--cfo-hz", type=float, default=200.0, help="carrier frequency offset")
    parser.add_argument("--clock-ppm", type=float, default=0.0, help="by how much longer a symbol lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--throttle", action="store_true")
    asked = parser.parse_args()

    from gnuradio import blocks, channels, gr, zeromq

    rate_hz = asked.symbol_rate_hz * asked.samples_per_symbol
    # samples of a burst have unit power, and Es/N0 is that of so many samples of one symbol
    noise = (asked.samples_per_symbol * 10 ** (-asked.snr_db / 10)) ** 0.5
    flow = gr.top_block("semvid channel")
    source = zeromq.pull_source(gr.sizeof_gr_complex, 1, asked.take, 100, False, -1)
    # the noise's amplitude is that of both dimensions together: fastnoise_source divides by sqrt(2)
    air = channels.channel_model(
        noise_voltage=noise,
        frequency_offset=asked.cfo_hz / rate_hz,
        epsilon=1.0 - asked.clock_ppm * 1e-6,
        taps=[1.0],
        noise_seed=asked.seed,
        block_tags=True,
    )
    sink = zeromq.push_sink(gr.sizeof_gr_complex, 1, asked.give, 100, False, -1)
    chain = [source, air, sink]
    if asked.throttle:
        chain.insert(1, blocks.throttle(gr.sizeof_gr_complex, rate_hz))
    flow.connect(*chain)
    signal.signal(signal.SIGTERM, lambda *_: flow.stop())
    signal.signal(signal.SIGINT, lambda *_: flow.stop())
    flow.start()
    print("flowgraph runs", flush=True)
    flow.wait()


if __name__ == "__main__":
    sys.exit(main())
