"""What runs inside the sandbox, beside the student's code: it holds no expected value and draws no verdict."""
