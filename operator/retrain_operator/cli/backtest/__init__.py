"""`kubectl retrain backtest`: a policy replayed over recorded values, through the operator's own decisions."""
