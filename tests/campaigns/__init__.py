"""Campaigns: what a running service bears, shown from outside. `make campaigns` runs them."""
