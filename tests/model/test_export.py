import onnx
import torch

from model.export import disagreement_with_torch, to_onnx
from model.network import build_network
from model.runtime.openvino import OpenVinoRuntime
from tests.model.tiny import make_manifest
from tests.onnx_runtime import onnxruntime


def test_torch_onnx_and_openvino_agree() -> None:
    """Within 0.01 of probability, for image and map."""
    torch.manual_seed(0)
    network = build_network(pretrained=True)
    torch.nn.init.normal_(network.head.weight, std=0.05)
    network.eval()
    manifest = make_manifest()
    films = torch.rand(3, 1, manifest.preprocessing.size, manifest.preprocessing.size)

    content = to_onnx(network, manifest.preprocessing.size)

    with torch.inference_mode():
        ours = network(films)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    logit, activation_map = session.run(["logit", "activation_map"], {"films": films.numpy()})
    probabilities = torch.sigmoid
    for theirs, own in ((logit, ours.logit), (activation_map, ours.activation_map)):
        assert (probabilities(torch.as_tensor(theirs)) - probabilities(own)).abs().max() < 0.01
    assert disagreement_with_torch(network, manifest, OpenVinoRuntime(content)) < 0.01


def test_an_exported_network_holds_no_notes_of_where_it_was_made() -> None:
    graph = onnx.load_from_string(to_onnx(build_network(pretrained=False).eval(), 32)).graph

    assert {node.doc_string for node in graph.node} == {""}
