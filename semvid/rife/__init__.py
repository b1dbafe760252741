"""RIFE (Huang et al., ECCV 2022): the pictures between two keyframes by a learned flow.

`checkpoint` reads published weights, `graph` makes an ONNX model of them, `weights` fetches and keeps it,
`network` runs it, `bridge` draws the pictures. Shared, so that the console can fetch what the receiver runs.
"""
