"""Train the model: the mood of a sentence, on generated sentences. It is three files in one folder."""

import itertools
import json
from pathlib import Path

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

THINGS = ["day", "film", "hotel", "meal", "journey", "book", "service", "concert"]
SENTENCES = ["What a {} {}!", "Today the {1} was {0}.", "The {1} is {0}, I will tell my friends.", "A {} {}."]
GOOD = ["great", "lovely", "wonderful", "perfect", "delightful", "excellent"]
BAD = ["awful", "boring", "terrible", "poor", "dreadful", "disappointing"]
# The lowest score that earns a label; a score is the probability that the mood is good.
LABELS = {"POSITIVE": 0.7, "NEUTRAL": 0.4, "NEGATIVE": 0.0}

combinations = list(itertools.product(SENTENCES, GOOD + BAD, THINGS))
texts = [sentence.format(word, thing) for sentence, word, thing in combinations]
is_good = [word in GOOD for _, word, _ in combinations]
vectoriser = TfidfVectorizer()
classifier = LogisticRegression().fit(vectoriser.fit_transform(texts), is_good)

folder = Path(__file__).parent / "model" / "models"
folder.mkdir(parents=True, exist_ok=True)
joblib.dump(vectoriser, folder / "vectoriser.joblib")
joblib.dump(classifier, folder / "classifier.joblib")
(folder / "labels.json").write_text(json.dumps(LABELS))
print(f"wrote {folder}")
