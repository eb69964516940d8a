"""What recurrent networks are used for, on real data: one module an application, each beside a baseline that ignores order."""
