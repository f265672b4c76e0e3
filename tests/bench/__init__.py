"""How fast the functions start, how much they need, and what a storm of violations does."""
