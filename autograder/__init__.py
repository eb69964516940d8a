"""The autograder: releases exercises, proves their checks, and grades classes without trusting what students hand in."""
