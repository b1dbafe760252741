"""Who writes down what is said."""
