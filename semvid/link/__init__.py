"""The link between the services: symbols as bytes, hybrid ARQ, and how gRPC servers and channels are made."""
