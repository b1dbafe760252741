"""Makes the learned joint source-channel code for stills (docs/jscc.md)."""
