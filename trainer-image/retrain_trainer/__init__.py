"""The trainer: collects new data, trains a candidate, and measures it against the champion.

It is called three times in one pod (`collect`, `train`, `evaluate`) and speaks to the operator only through `contract`.
"""
