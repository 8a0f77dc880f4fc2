"""What an answer must be, in Python and NumPy; native code equals it, floats to the last bit."""
