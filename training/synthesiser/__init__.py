"""Makes the network that draws better between two keyframes than flow alone: `semvid.images.synthesiser`.

`gaps` codes, restores and bridges what there is to learn from, `crops` cuts it up, `drawing` is what the
receiver does with the network's words, so that slopes go through it; the rest is as in `training`.
"""
