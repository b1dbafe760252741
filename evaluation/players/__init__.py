"""Ten files as people have them, through the services, played by the browsers that are installed."""
