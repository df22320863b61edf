"""Train the model: minutes that a delivery takes, on generated deliveries with columns of mixed types."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SPEED_KMH = {"bike": 15.0, "car": 30.0, "van": 25.0}
DELIVERIES = 2000

random = np.random.default_rng(7)
deliveries = pd.DataFrame(
    {
        "distance_km": random.uniform(0.5, 12.0, DELIVERIES).round(1),
        "vehicle": random.choice(list(SPEED_KMH), DELIVERIES),
        "stops": random.integers(1, 8, DELIVERIES),
        "rush_hour": random.random(DELIVERIES) < 0.3,
    }
)
speed = deliveries["vehicle"].map(SPEED_KMH) * np.where(deliveries["rush_hour"], 0.7, 1.0)
minutes = deliveries["distance_km"] / speed * 60 + deliveries["stops"] * 3 + random.normal(0, 1, DELIVERIES)

columns = make_column_transformer(
    (StandardScaler(), ["distance_km", "stops"]),
    (OneHotEncoder(), ["vehicle"]),
    remainder="passthrough",
)
folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
path = folder / "delivery_minutes.joblib"
joblib.dump(make_pipeline(columns, Ridge()).fit(deliveries, minutes), path)
print(f"wrote {path}")
