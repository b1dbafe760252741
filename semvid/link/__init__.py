"""The link between the services: symbols as bytes, and how gRPC servers and channels are made.

symbols.py    complex baseband symbols <-> bytes of a `SymbolBlock`
bootstrap.py  gRPC servers and channels with the bounds and windows that every service shares
health.py     grpc.health.v1
stream.py     end of a stream and cancellation, told apart
tls.py        optional TLS, mutual if wished
peer.py       asks the next hop whether it serves
status.py     errors of `semvid.errors` as gRPC status
"""
