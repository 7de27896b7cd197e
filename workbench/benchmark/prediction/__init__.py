"""How fast a model would be that is not here: measured on stand-ins of its shape, or told by bandwidth."""

from workbench.benchmark.prediction.predicting import Predicted, Prediction, predict
from workbench.benchmark.prediction.roofline import predict_on

__all__ = ["Predicted", "Prediction", "predict", "predict_on"]
