"""Specifies the answers in Python and NumPy; native code equals it, floats to the last bit."""
