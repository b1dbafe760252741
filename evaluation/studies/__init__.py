"""One-off measurements, each a program: `python -m evaluation.studies.NAME`; results are in `results/`."""
