"""The sample feature: things that somebody owns. Copy it, rename it, or remove it."""
