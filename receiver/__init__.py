"""Symbols in, MP4 out.

Two cores without I/O: `receiver.reception` takes bursts and gives keyframes and closed gaps (`assembly`);
`receiver.regeneration` takes gaps and gives pictures (`decoders`). Around them `receiver.transmission` and
`receiver.pipeline` keep files, threads and the record of one video, `receiver.transmissions` and
`receiver.link_service` the link, and `receiver.library` and `receiver.app` keep and show the videos.
"""
