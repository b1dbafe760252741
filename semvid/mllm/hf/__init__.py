"""``hf:ID-OR-PATH``: a checkpoint that transformers loads, from the model hub or from disk."""
