"""Train the model: a classifier of scikit-learn's handwritten digits, 8x8 grey values from 0 to 16 each."""

from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

images, digits = load_digits(return_X_y=True)
folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
path = folder / "digits.joblib"
joblib.dump(make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=500)).fit(images, digits), path)
print(f"wrote {path}")
