"""How a model is made with scikit-learn and updated batch by batch, and what guards it on the way."""
