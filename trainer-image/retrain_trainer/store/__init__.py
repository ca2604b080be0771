"""Where versions are kept, on a volume or in a bucket, and what each of them says of itself."""
