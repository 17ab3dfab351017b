"""Export of a trained network to ONNX, compared with torch."""

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
from model.network import Backbone, Network, NetworkOutput, build_network
from model.runtime.agreement import MAX_DISAGREEMENT, largest_difference, probe_films
from model.runtime.openvino import OpenVinoRuntime
from model.runtime.protocol import Outputs, Runtime

#: File name of the weights in a training run's folder.
WEIGHTS_NAME = "network.safetensors"


class ExportDisagrees(ModelError):
    """The exported network's probabilities differ from those of the torch network."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Summary of an export.

    Attributes:
        directory: Folder of the exported network.
        bytes_written: Size of `network.onnx`.
        max_disagreement: Largest difference to torch in probability, over films, maps,
            similarities and organs.
    """

    directory: Path
    bytes_written: int
    max_disagreement: float


def export(checkpoint: Path, directory: Path) -> ExportReport:
    """Export the network of a finished run.

    Args:
        checkpoint: Folder of the run, with `network.safetensors` and `manifest.json`.
        directory: Folder for `network.onnx` and `manifest.json`; created if it does not exist.

    Raises:
        ExportDisagrees: Torch and OpenVINO differ by more than `MAX_DISAGREEMENT`.
    """
    manifest = read_manifest(checkpoint)
    network = load_network(checkpoint, manifest)
    return write_artefact(network, manifest, directory)


def load_network(run: Path, manifest: Manifest, *, network: Network | None = None) -> Network:
    """Load the torch network of a finished run, in evaluation mode.

    Args:
        run: Folder of the run.
        manifest: Manifest of the run.
        network: Network to load the weights into, for tests; by default the manifest's.
    """
    if network is None:
        config = manifest.training_config
        network = build_network(
            Backbone(config["backbone"]), pretrained=False, sharpness=float(config["sharpness"])
        )
    network.load_state_dict(load_file(run / WEIGHTS_NAME))
    return network.eval()


def save_weights(network: nn.Module, run: Path) -> None:
    """Write a network's weights into a run's folder, atomically.

    Args:
        network: Network on any device.
        run: Folder of the run.
    """
    partial = run / f"{WEIGHTS_NAME}.partial"
    weights = network.state_dict()
    save_file({name: tensor.contiguous().cpu() for name, tensor in weights.items()}, partial)
    partial.replace(run / WEIGHTS_NAME)


def write_artefact(network: Network, manifest: Manifest, directory: Path) -> ExportReport:
    """Write `network.onnx`, and a manifest that names its digest.

    Args:
        network: Torch network on the CPU.
        manifest: Manifest; its `network_sha256` is set here.
        directory: Folder to write to; created if it does not exist.

    Raises:
        ExportDisagrees: Torch and OpenVINO differ by more than `MAX_DISAGREEMENT`; nothing is
            written.
    """
    content = to_onnx(network.eval(), manifest.preprocessing.size)
    complete = manifest.with_network(sha256_of(content))
    disagreement = disagreement_with_torch(network, complete, OpenVinoRuntime(content))
    if disagreement > MAX_DISAGREEMENT:
        raise ExportDisagrees(f"probabilities differ by {disagreement:.4f} from torch's")
    directory.mkdir(parents=True, exist_ok=True)
    # The manifest is removed first and written last, so that it never names other weights.
    (directory / MANIFEST_NAME).unlink(missing_ok=True)
    (directory / NETWORK_NAME).write_bytes(content)
    write_manifest(complete, directory)
    return ExportReport(directory, len(content), disagreement)


def to_onnx(network: nn.Module, size: int) -> bytes:
    """Return the network as ONNX: input `films` (N, 1, size, size), outputs of `NetworkOutput`.

    N is dynamic.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The tracing exporter is deprecated in favour of one that needs the package onnxscript,
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
        node.doc_string = ""  # may contain paths of the exporting machine
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString())


def disagreement_with_torch(network: nn.Module, manifest: Manifest, runtime: Runtime) -> float:
    """Return the largest difference in calibrated probability on `agreement.probe_films`."""
    films = probe_films(manifest.preprocessing.size)
    with torch.inference_mode():
        ours = Outputs(*(output.numpy() for output in network(torch.from_numpy(films))))
    return largest_difference(manifest, ours, runtime.run(films))
