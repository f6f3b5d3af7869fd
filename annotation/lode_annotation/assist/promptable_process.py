"""The process that runs a promptable segmentation model: ``python -m lode_annotation.assist.promptable_process FOLDER
MEMORY THREADS``.

It reads requests from its standard input and answers on its standard output, both as NumPy's arrays (npz) behind eight
bytes of their length, and ends with whoever started it, and after a while without a request.
"""

import io
import os
import resource
import select
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lode_annotation.assist.promptable import DECODER, ENCODER, BadModel, Form, Port, form_of, read_options

IDLE = 600.0
"""Seconds without a request after which it ends: the next one starts it again."""
Arrays = Mapping[str, Any]


def packed(arrays: Arrays) -> bytes:
    """Arrays as they are sent."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return len(out.getvalue()).to_bytes(8, "big") + out.getvalue()


def unpacked(data: bytes) -> dict[str, Any]:
    """What was sent, behind its length. Raises ValueError."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


class Model:
    """Both parts of a model, loaded."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        options.enable_mem_pattern = False
        self.sessions = [self._loaded(onnxruntime, folder / name, options) for name in (ENCODER, DECODER)]
        encoder, decoder = (
            [list(map(Port.of, part)) for part in (one.get_inputs(), one.get_outputs())] for one in self.sessions
        )
        self.form: Form = form_of(folder, read_options(folder), encoder, decoder)

    @staticmethod
    def _loaded(runtime: Any, path: Path, options: Any) -> Any:
        try:
            return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # whatever ONNX Runtime says of the file
            raise BadModel(f"{path} cannot be loaded as an ONNX model: {str(error).splitlines()[0][:200]}") from None

    def encode(self, given: Arrays) -> dict[str, Any]:
        """The features of a picture, by the names of the encoder's outputs."""
        wanted = sorted(set(self.form.features.values()))
        values = self._run(0, ENCODER, wanted, {self.form.picture.name: self.form.prepared(given["pixels"])})
        if not all(np.isfinite(one).all() for one in values):
            raise BadModel(f"{ENCODER} answered with numbers that are not finite")
        return {f"feature:{name}": value for name, value in zip(wanted, values, strict=True)}

    def decode(self, given: Arrays) -> dict[str, Any]:
        """The mask that a prompt means, its bits packed along the rows, and its score, -1 for none."""
        features = {
            name.removeprefix("feature:"): value for name, value in given.items() if name.startswith("feature:")
        }
        height, width = (int(side) for side in given["size"])
        prompt = self.form.prompted(features, given["prompt"], width, height)
        wanted = list(self.form.answered.values())
        found = dict(zip(self.form.answered, self._run(1, DECODER, wanted, prompt), strict=True))
        mask, score = self.form.mask(found["masks"], found.get("scores"), width, height)
        return {"mask": np.packbits(mask, axis=1), "score": np.array(-1.0 if score is None else score)}

    def _run(self, part: int, name: str, wanted: list[str], given: Arrays) -> list[Any]:
        try:
            return list(self.sessions[part].run(wanted, dict(given)))
        except MemoryError:
            raise
        except Exception as error:  # whatever ONNX Runtime says of the inputs
            raise BadModel(f"{name} failed: {str(error).splitlines()[0][:200]}") from None


def answer(model: Model, given: Arrays) -> dict[str, Any]:
    """What a request is answered."""
    verb = str(given["verb"])
    return {"check": lambda _given: {}, "encode": model.encode, "decode": model.decode}[verb](given)


def main(folder: str, memory: str, threads: str) -> None:
    """Serves requests until there are none."""
    limit = int(memory) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not go to who asked
    model: Model | None = None
    while select.select([source], [], [], IDLE)[0]:
        data = _read(source)
        if data is None:
            return
        try:
            model = model or Model(Path(folder), int(threads))
            said = answer(model, unpacked(data))
        except BadModel as error:
            said = {"error": np.array(str(error))}
        except MemoryError:
            said = {"error": np.array(f"it needs more than the {memory} MiB of memory that it may take")}
        target.write(packed(said))
        target.flush()


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(8)
    return source.read(int.from_bytes(head, "big")) if len(head) == 8 else None


if __name__ == "__main__":
    main(*sys.argv[1:4])
