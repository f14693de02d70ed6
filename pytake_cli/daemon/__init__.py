"""What runs while `pytake serve` runs: the loops between the door, the store and Meta."""
