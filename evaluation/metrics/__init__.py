"""What is measured on pictures and videos; `evaluation.metrics.registry` lists all of it."""
