"""`kubectl retrain try`: a run's steps and its verdict on this machine, by the code that does them in a cluster."""
