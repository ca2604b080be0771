"""`kubectl retrain contract check`: runs a trainer on sample data and names each breach of the contract.

What is expected stands in docs/contract.md, which people read who bring their own trainer.
"""
