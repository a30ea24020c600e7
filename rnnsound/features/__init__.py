"""From frames to what the network learns, and back. NumPy only."""
