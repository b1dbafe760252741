"""A learned joint source-channel code for stills: pictures as complex symbols, no bits but the rate map.

`code` turns a picture into symbols and back, `networks` are its two ONNX models, `levels` decides how many
symbols each patch gets, `rate_map` codes that. `training/jscc` makes the networks (docs/jscc.md).
"""
