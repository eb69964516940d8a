"""Where a student's code runs: no network, no files of the host, and a bound on everything it can take."""
