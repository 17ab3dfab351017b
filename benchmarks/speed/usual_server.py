"""A typical server for such a network: FastAPI, eager torch, one process.

    python -m benchmarks.speed.usual_server PORT

Each request has one film. It is decoded with Pillow, scored in torch's threads, drawn with OpenCV
as in its manual, and answered with the three pictures in the JSON. Nothing is stored, queued or
checked. The network has our architecture with random weights, which do not affect the time.
"""

import base64
import io
import sys
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, File
from numpy.typing import NDArray
from PIL import Image

from model.network import Network, build_network

_SIZE = 256


def untrained_network() -> Network:
    """Return the network as it is exported, with random weights."""
    return build_network(pretrained=False).eval()


def create_app() -> FastAPI:
    """Return the application with the network loaded."""
    app = FastAPI()
    network = untrained_network()

    @app.post("/predict")
    def predict(file: Annotated[bytes, File()]) -> dict[str, Any]:
        film = np.asarray(Image.open(io.BytesIO(file)).convert("L"))
        grid = cv2.resize(film, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
        with torch.inference_mode():
            output = network(torch.from_numpy(grid).float().div(255)[None, None])
        coarse = output.activation_map.sigmoid()[0].numpy()
        grey = (cv2.resize(coarse, film.shape[::-1]) * 255).astype(np.uint8)
        colours = cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)
        overlay = cv2.addWeighted(cv2.cvtColor(film, cv2.COLOR_GRAY2BGR), 0.6, colours, 0.4, 0)
        return {
            "probability": float(output.logit.sigmoid()),
            "radiograph": _encoded(".jpg", film),
            "activation_map": _encoded(".png", grey),
            "heatmap": _encoded(".jpg", overlay),
        }

    return app


def _encoded(extension: str, picture: NDArray[Any]) -> str:
    return base64.b64encode(cv2.imencode(extension, picture)[1].tobytes()).decode()


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(sys.argv[1]), log_level="warning")
