"""Any bytes in, their number out."""

from azureml.contrib.services.aml_request import rawhttp


def init():
    pass


@rawhttp
def run(request):
    return len(request.get_data())
