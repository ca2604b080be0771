"""Hands and eyes: all input and output stands here. Typed in, typed out, and no opinion on what is seen."""
