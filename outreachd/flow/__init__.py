"""The room that moves: feed, journey, pool. It decides nothing, it asks the rules."""
