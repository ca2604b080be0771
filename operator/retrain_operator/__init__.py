"""The operator: watches retraining policies and runs the loop that keeps their models fresh."""
