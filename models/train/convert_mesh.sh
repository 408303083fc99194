#!/usr/bin/env bash
# The landmark teacher: MediaPipe's face mesh out of its wheel, converted to ONNX. `convert_mesh.sh TOOLS_DIR` leaves
# TOOLS_DIR/face_mesh.onnx. TensorFlow is needed here only, in an environment of its own.
set -euo pipefail
tools=$1
mkdir -p "$tools"
python3.11 -m venv "$tools/tf"
"$tools/tf/bin/pip" install -q -r "$(dirname "$0")/requirements-teacher.txt"
"$tools/tf/bin/pip" download -q --no-deps -d "$tools" mediapipe==0.10.21
unzip -qo "$tools"/mediapipe-0.10.21-*.whl mediapipe/modules/face_landmark/face_landmark.tflite -d "$tools"
model=$tools/mediapipe/modules/face_landmark/face_landmark.tflite
echo "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814  $model" | sha256sum -c -
"$tools/tf/bin/python" -m tf2onnx.convert --tflite "$model" --opset 16 --output "$tools/face_mesh.onnx"
