"""What is sent for how many symbols: a model of cost and loss, trials, a plan, and its control."""
