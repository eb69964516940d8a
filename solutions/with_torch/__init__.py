"""The same models from tensor operations in PyTorch: functions of the same names, and modules that hold the weights."""
