"""What happened, for whoever wants to act on it."""
