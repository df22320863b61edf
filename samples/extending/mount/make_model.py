"""Train the model: ridge regression on scikit-learn's diabetes data set; only its weights are kept."""

import json
from pathlib import Path

from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
ridge = Ridge(alpha=0.03).fit(*load_diabetes(return_X_y=True))
path = folder / "linear.json"
path.write_text(json.dumps({"weights": ridge.coef_.tolist(), "intercept": ridge.intercept_}))
print(f"wrote {path}")
