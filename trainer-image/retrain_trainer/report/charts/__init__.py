"""One module for each chart: a pure function from values of `view` to SVG."""
