"""Faces as few numbers: where one is and how it looks, found, fitted, said and read (docs/portrait.md).

`weights` fetches MediaPipe's published models, `detector` and `landmarks` run them, at the transmitter only.
`shape` says which points a face is made of and how they move, `fit` makes numbers of points, `track` gives
the numbers of any frame back.
"""
