"""The multimodal model without weights: measures pictures, compares and captions by what it measured."""
