"""Stand-in for a package that scripts import without using it while they score."""
