"""Writes a trained network as an artefact, and checks that it still says the same."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from model.errors import ModelError
from model.manifest import (
    MANIFEST_NAME,
    NETWORK_NAME,
    Manifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from model.network import Backbone, FlipAveraged, Network, NetworkOutput, build_network
from model.runtime.agreement import MAX_DISAGREEMENT, largest_difference, probe_films
from model.runtime.openvino import OpenVinoRuntime
from model.runtime.protocol import Outputs, Runtime

#: The weights in a training run's folder.
WEIGHTS_NAME = "network.safetensors"


class ExportDisagrees(ModelError):
    """The exported network's probabilities are not those of the torch network."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        directory: The artefact.
        bytes_written: Size of the network's file.
        max_disagreement: Largest difference in probability, of image, map or kind of picture,
            against torch.
    """

    directory: Path
    bytes_written: int
    max_disagreement: float


def export(checkpoint: Path, directory: Path) -> ExportReport:
    """Write the artefact of a finished run.

    Args:
        checkpoint: The run's folder, with `network.safetensors` and `manifest.json`.
        directory: Where `network.onnx` and `manifest.json` go; made if need be.

    Raises:
        ExportDisagrees: Torch and OpenVINO differ by more than `MAX_DISAGREEMENT`.
    """
    manifest = read_manifest(checkpoint)
    network = load_network(checkpoint, manifest)
    return write_artefact(network, manifest, directory)


def load_network(run: Path, manifest: Manifest, *, network: Network | None = None) -> Network:
    """The torch network of a finished run, in evaluation mode.

    Args:
        run: Its folder.
        manifest: Of the run.
        network: Gets the weights in place of the one that the manifest names; for tests.
    """
    if network is None:
        config = manifest.training_config
        network = build_network(
            Backbone(config["backbone"]), pretrained=False, sharpness=float(config["sharpness"])
        )
    network.load_state_dict(load_file(run / WEIGHTS_NAME))
    return network.eval()


def save_weights(network: nn.Module, run: Path) -> None:
    """Write a network's weights into a run's folder, in one step: a kill leaves the old or the new.

    Args:
        network: On any device.
        run: Its folder.
    """
    partial = run / f"{WEIGHTS_NAME}.partial"
    weights = network.state_dict()
    save_file({name: tensor.contiguous().cpu() for name, tensor in weights.items()}, partial)
    partial.replace(run / WEIGHTS_NAME)


def write_artefact(network: Network, manifest: Manifest, directory: Path) -> ExportReport:
    """Write `network.onnx`, and a manifest that names its digest.

    Args:
        network: In torch, on the CPU.
        manifest: Its `network_sha256` is filled in here.
        directory: Made if need be.

    Raises:
        ExportDisagrees: Torch and OpenVINO differ by more than `MAX_DISAGREEMENT`; nothing is
            written then.
    """
    averaged = FlipAveraged(network).eval()
    content = to_onnx(averaged, manifest.preprocessing.size)
    complete = manifest.with_network(sha256_of(content))
    disagreement = disagreement_with_torch(averaged, complete, OpenVinoRuntime(content))
    if disagreement > MAX_DISAGREEMENT:
        raise ExportDisagrees(f"probabilities differ by {disagreement:.4f} from torch's")
    directory.mkdir(parents=True, exist_ok=True)
    # Without its manifest first and with it last: a kill leaves none that names other weights.
    (directory / MANIFEST_NAME).unlink(missing_ok=True)
    (directory / NETWORK_NAME).write_bytes(content)
    write_manifest(complete, directory)
    return ExportReport(directory, len(content), disagreement)


def to_onnx(network: nn.Module, size: int) -> bytes:
    """The network as ONNX: `films` (N, 1, size, size) in, those of `NetworkOutput` out.

    The batch is free in size.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs the onnxscript package,
        # and traces a network without branches as well.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(2, 1, size, size),),
            buffer,  # type: ignore[arg-type]  # files are accepted where the types say paths
            input_names=["films"],
            output_names=list(NetworkOutput._fields),
            dynamic_axes={name: {0: "n"} for name in ("films", *NetworkOutput._fields)},
            opset_version=17,
            dynamo=False,
        )
    graph = onnx.load_from_string(buffer.getvalue())
    for node in graph.graph.node:
        node.doc_string = ""  # may hold the paths of the machine that exported
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def disagreement_with_torch(network: nn.Module, manifest: Manifest, runtime: Runtime) -> float:
    """The largest difference in calibrated probability on `agreement.probe_films`."""
    films = probe_films(manifest.preprocessing.size)
    with torch.inference_mode():
        ours = Outputs(*(output.numpy() for output in network(torch.from_numpy(films))))
    return largest_difference(manifest, ours, runtime.run(films))
