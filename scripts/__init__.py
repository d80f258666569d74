"""What is run to set up, to show and to measure; nothing of it is installed."""
