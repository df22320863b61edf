"""The words of a text, by a package that the environment names."""

import json

from nltk.tokenize import wordpunct_tokenize


def init():
    print("ready for words")


def run(request):
    return wordpunct_tokenize(json.loads(request)["query"])
