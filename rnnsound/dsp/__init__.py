"""Sound in and out: recordings, the phase vocoder, and what can be measured. NumPy only."""
