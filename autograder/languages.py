"""placeholder until merged"""


def use(language: str) -> None:
    pass
