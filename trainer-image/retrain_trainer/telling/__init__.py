"""What a step tells: an answer with room in 2 KiB, or in one sentence what stopped it."""
