"""Where files stand and how they are reached: paths, buckets, the batches of a source, and the workspace."""
