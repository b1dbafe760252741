"""Makes the small networks that a receiver runs, from any folder of videos and photographs.

`sources` finds what there is to learn from and keeps some of it out, `pairs` codes it with the real coder,
`batches` cuts it up, `network` learns by `losses`, `loop` drives, `held_out` measures, `export` writes ONNX,
`card` says how it was made. Everything is seeded: the same files, seed and steps give the same weights on the
same machine. Only the console imports it, and only when it is asked to train.
"""
