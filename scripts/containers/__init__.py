"""Builds and runs what a service brings for containers: its image, compose file and manifests."""
