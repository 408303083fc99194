"""The job as one writes it in an afternoon: OpenCV reads, YuNet finds the faces of every frame,
ONNX Runtime paints them with the same network, OpenCV pastes and ffmpeg encodes.

    python_loop.py CLIP YUNET.onnx LIGHT.onnx OUT.mp4 [THREADS]

Prints frames, faces and seconds. Needs opencv-python, onnxruntime and numpy; what it is compared
with is `mask2face run CLIP -o OUT.mp4`, in turns. Crops follow YuNet's five
points, so they are shakier than ours; that costs no time."""
import os
import subprocess
import sys
import time

import cv2
import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"        # before ONNX Runtime is loaded: it tells its maker nothing
import onnxruntime as ort

SIDE = 256
# Eyes, nose and corners of the mouth in the crop, in shares of its side.
PLACES = np.float32([[.36, .42], [.64, .42], [.5, .58], [.39, .72], [.61, .72]]) * SIDE


class YuNet:
    """The 2023mar file through ONNX Runtime, on the whole frame at 640x640."""

    def __init__(self, path, options):
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def find(self, frame, threshold=.6):
        height, width = frame.shape[:2]
        scale = 640 / max(height, width)
        small = cv2.resize(frame, (round(width * scale), round(height * scale)))
        padded = np.zeros((640, 640, 3), np.uint8)
        padded[: small.shape[0], : small.shape[1]] = small
        blob = padded.transpose(2, 0, 1)[None].astype(np.float32)
        names = [f"{kind}_{stride}" for stride in (8, 16, 32) for kind in ("cls", "obj", "bbox", "kps")]
        outputs = self.session.run(names, {"input": blob})
        boxes, scores, points = [], [], []
        for level, stride in enumerate((8, 16, 32)):
            cls, obj, box, kps = (o[0] for o in outputs[4 * level: 4 * level + 4])
            score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
            keep = np.flatnonzero(score > threshold)
            columns = 640 // stride
            grid = np.stack([keep % columns, keep // columns], 1)
            centre = (box[keep, :2] + grid) * stride
            size = np.exp(box[keep, 2:]) * stride
            boxes += list(np.concatenate([centre - size / 2, size], 1))
            scores += list(score[keep])
            points += list((kps[keep].reshape(-1, 5, 2) + grid[:, None]) * stride)
        if not boxes:
            return []
        kept = cv2.dnn.NMSBoxes([b.tolist() for b in boxes], [float(s) for s in scores], threshold, .3)
        return [np.float32(points[i]) / scale for i in np.array(kept).flatten()]


def main(clip, yunet, light, out, threads="0"):
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(threads)
    finder = YuNet(yunet, options)
    painter = ort.InferenceSession(light, options, providers=["CPUExecutionProvider"])
    reader = cv2.VideoCapture(clip)
    size = int(reader.get(3)), int(reader.get(4))
    encoder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "%dx%d" % size,
         "-r", str(reader.get(5)), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20",
         "-pix_fmt", "yuv420p", out], stdin=subprocess.PIPE)
    begun, frames, faces = time.time(), 0, 0
    while True:
        there, frame = reader.read()
        if not there:
            break
        for points in finder.find(frame):
            matrix, _ = cv2.estimateAffinePartial2D(points, PLACES, method=cv2.LMEDS)
            if matrix is None:
                continue
            crop = cv2.warpAffine(frame, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
            rgb = crop[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
            face, alpha = painter.run(["face", "alpha"], {"image": np.ascontiguousarray(rgb)})
            patch = face[0].transpose(1, 2, 0)[..., ::-1] * 255
            how = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
            patch = cv2.warpAffine(np.ascontiguousarray(patch), matrix, size, flags=how)
            cover = cv2.warpAffine(alpha[0, 0], matrix, size, flags=how)[..., None]
            frame = (frame + (patch - frame) * cover).round().astype(np.uint8)
            faces += 1
        encoder.stdin.write(frame.tobytes())
        frames += 1
    encoder.stdin.close()
    encoder.wait()
    print(frames, faces, "%.2f" % (time.time() - begun))


if __name__ == "__main__":
    main(*sys.argv[1:])
