"""The pages under docs/ are proved: what they show is run, what they name exists."""
