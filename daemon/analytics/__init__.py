"""Views and folds over what is known, for people and machines. Pure: no I/O, no clock."""
