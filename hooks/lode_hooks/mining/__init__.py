"""Mining rounds: candidates, strategies, selection, the queue, and whether the round helped."""
