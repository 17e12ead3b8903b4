"""What a company has today, read as it is: deny rules, sets, maps and lists of many programs."""
