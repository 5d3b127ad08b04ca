"""Campaigns: what a service bears, shown on a real one, from outside. `make campaigns` runs them."""
