"""What becomes of new batches before anything is trained on them: surveyed, checked, and turned into a plan."""
