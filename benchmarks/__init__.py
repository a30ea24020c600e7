"""Speed and memory against other libraries, side by side in one run: make bench."""
