"""Train the model: a classifier of handwritten digits (scikit-learn's data set), written as ONNX."""

from pathlib import Path

from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

images, digits = load_digits(return_X_y=True)
images = images.astype("float32")
classifier = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=500)).fit(images, digits)
# zipmap off: probabilities as one array, not as a list of dictionaries.
model = to_onnx(classifier, images[:1], options={"zipmap": False}, target_opset=18)

folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
path = folder / "digits.onnx"
path.write_bytes(model.SerializeToString())
print(f"wrote {path}")
