"""Any program as a decoder: ``command:TEMPLATE`` (docs/open-sora.md); for models that live elsewhere."""
