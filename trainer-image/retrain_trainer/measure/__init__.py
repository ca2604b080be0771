"""How good models are on held-out rows, and how sure one can be that one of them is better."""
