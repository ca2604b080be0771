"""`kubectl retrain lint`: what is wrong with policies that are still files, told by file, line and field.

No cluster is asked. What the API server would refuse is found here too, and what it cannot see.
"""
