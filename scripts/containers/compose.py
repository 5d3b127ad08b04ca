"""."""
def check_compose(*a): pass
