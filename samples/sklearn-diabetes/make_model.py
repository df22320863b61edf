"""Train the model: ridge regression on scikit-learn's diabetes data set."""

from pathlib import Path

import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
features, target = load_diabetes(return_X_y=True)
path = folder / "sklearn_regression_model.pkl"
joblib.dump(Ridge(alpha=0.03).fit(features, target), path)
print(f"wrote {path}")
