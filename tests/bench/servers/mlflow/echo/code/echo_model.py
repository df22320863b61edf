"""The values that come in go out again."""


class Echo:
    def predict(self, values):
        return values


def _load_pyfunc(path):
    return Echo()
