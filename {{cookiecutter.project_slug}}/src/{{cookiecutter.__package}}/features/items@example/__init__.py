"""Items: things that somebody owns."""
