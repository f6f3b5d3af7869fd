#!/usr/bin/env bash
# Pins every dependency with hashes; no file names a package index. Add --upgrade to move the pins.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-package motherlode --custom-compile-command "make lock" "$@"
}
compile pyproject.toml sdk/pyproject.toml --extra assist --group build -o requirements/server.txt "${@:1}"
echo 'onnxruntime>=1.20' | compile - -c requirements/server.txt -o requirements/onnx.txt "${@:1}"
echo 's3fs>=2025' | compile - -c requirements/server.txt -o requirements/s3.txt "${@:1}"
compile --group dev -c requirements/server.txt -o requirements/dev.txt "${@:1}"
echo uv | compile - -o requirements/bootstrap.txt "${@:1}"
