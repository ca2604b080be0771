"""The page of a run: one HTML file beside the model, which tells a person in seconds whether to trust it.

`gather` puts together what was measured, in numbers small enough to draw; `page` turns them into HTML. The same numbers
give the same bytes, and nothing is fetched from elsewhere. `card` is the short page of a version's folder.
"""
