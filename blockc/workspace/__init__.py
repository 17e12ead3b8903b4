"""The application: a policy, its data and its day, from files to what is built. Prints nothing."""
