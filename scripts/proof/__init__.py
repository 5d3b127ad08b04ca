"""Proves every variant of the template: `make variants`."""
