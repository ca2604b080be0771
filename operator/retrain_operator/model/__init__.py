"""Words: frozen types for what users write, what the operator writes back, and what was seen of the world.

Nothing here decides or does anything; it imports pydantic, the standard library and the trainer's contract only.
"""
