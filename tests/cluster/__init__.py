"""The kind cluster that tests and demo run on, made with `python -m tests.cluster up`.

Everything outside this package needs only :mod:`tests.cluster.paths`: a kubeconfig, a kubectl and the names of images.
"""
