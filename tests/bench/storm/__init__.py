"""A million violations into the real functions: is the count exact, are people left in peace, what does it cost."""
