"""Looking at a data set before anything is trained on it: damage, copies, leaks, classes."""
