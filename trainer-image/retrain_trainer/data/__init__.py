"""What batches hold: their rows and columns read within bounds, sampled, summed up in a profile, and held out."""
