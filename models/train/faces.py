"""Finding faces and naming their points: the two public networks that the training half leans on.

Coordinates everywhere: photo pixels, x right, y down, the centre of the top-left pixel at (.5, .5).

YuNet 2023mar (MIT, OpenCV model zoo) gives boxes and five points; the MediaPipe face mesh (Apache-2.0) gives 468
points, of which 68 are kept in the order of the iBUG 300-W annotation. Both run through ONNX Runtime.
"""
import os

import cv2
import numpy as np
import onnx

os.environ["ORT_DISABLE_TELEMETRY"] = "1"        # before ONNX Runtime is loaded: it tells its maker nothing
import onnxruntime as ort

# iBUG 68 <- MediaPipe 468. Read off the canonical face mesh of MediaPipe (canonical_face_model_uv_visualization.png).
MESH_TO_68 = [
    127, 234, 132, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 361, 454, 356,  # 0-16 jaw, image left to right
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,                                       # 17-26 brows
    168, 197, 5, 4, 98, 97, 2, 326, 327,                                                 # 27-35 nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,                           # 36-47 eyes
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,                                  # 48-59 outer lips
    78, 82, 13, 312, 308, 317, 14, 87,                                                   # 60-67 inner lips
]
# The same 68 points on a mirrored picture: MIRROR[i] is the index that point i takes over.
MIRROR = np.array(
    list(range(16, -1, -1)) + list(range(26, 16, -1)) + [27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65])
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)   # the person's right eye is on the image's left


def session(path, edit=None):
    """A one-thread CPU session; `edit` may change the onnx model before it is loaded."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if edit is None:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model = onnx.load(str(path))
    edit(model)
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def square(centre, side, angle, size):
    """The 2x3 matrix photo -> crop of `size` px: a square of `side` px around `centre`, whose right edge lies at
    `angle` radians in the photo."""
    scale = size / side
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[c, s], [-s, c]])
    return np.concatenate([turn, (size / 2 - turn @ np.asarray(centre, float))[:, None]], 1)


def apply(matrix, points):
    """points [..., 2] through a 2x3 matrix."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix):
    """The inverse of a 2x3 matrix."""
    a = np.linalg.inv(matrix[:, :2])
    return np.concatenate([a, (-a @ matrix[:, 2])[:, None]], 1)


def warp(image, matrix, size, border=cv2.BORDER_CONSTANT):
    """image -> crop [size, size, C] by a matrix in the half-pixel convention of this file. Strong shrinking goes
    through a smaller copy first, so that nothing aliases."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    matrix = matrix.copy()
    if scale < .6:
        small = cv2.resize(image, None, fx=scale * 1.2, fy=scale * 1.2, interpolation=cv2.INTER_AREA)
        matrix[:, 0] *= image.shape[1] / small.shape[1]
        matrix[:, 1] *= image.shape[0] / small.shape[0]
        image = small
    matrix[:, 2] += matrix[:, :2] @ np.array([.5, .5]) - .5
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def eye_angle(right, left):
    """The angle of the line from the person's right eye to the left one, radians, 0 = upright."""
    dx, dy = np.asarray(left) - np.asarray(right)
    return float(np.arctan2(dy, dx))


def similarity(source, target, weights=None):
    """The least-squares similarity source -> target (Umeyama 1991), points [K, 2] -> 2x3 matrix."""
    w = np.ones(len(source)) if weights is None else np.asarray(weights, float)
    w = w / w.sum()
    a, b = w @ source, w @ target
    x, y = source - a, target - b
    var = (w[:, None] * x * x).sum()
    c = (w[:, None] * x * y).sum() / var
    s = (w * (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0])).sum() / var
    turn = np.array([[c, -s], [s, c]])
    return np.concatenate([turn, (b - turn @ a)[:, None]], 1)


class YuNet:
    """Faces in a BGR photo, letterboxed to `size` x `size`."""

    def __init__(self, path, size=320):
        def edit(model):
            dims = model.graph.input[0].type.tensor_type.shape.dim
            dims[2].dim_value = dims[3].dim_value = size
            del model.graph.value_info[:]
            for out in model.graph.output:
                out.type.tensor_type.shape.dim[1].dim_param = out.name + "_cells"
        self.net, self.size = session(path, edit), size
        self.names = [o.name for o in self.net.get_outputs()]

    def __call__(self, image, threshold=.6):
        """-> [(box (x, y, w, h), five points [5, 2], score)], best first."""
        scale = self.size / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        field = np.zeros((self.size, self.size, 3), np.uint8)
        field[:small.shape[0], :small.shape[1]] = small
        blob = field.astype(np.float32).transpose(2, 0, 1)[None]
        out = dict(zip(self.names, self.net.run(None, {"input": blob})))
        boxes, points, scores = [], [], []
        for stride in (8, 16, 32):
            n = self.size // stride
            score = np.sqrt(np.clip(out[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(out[f"obj_{stride}"][0, :, 0], 0, 1))
            keep = np.flatnonzero(score > threshold)
            cell = np.stack([keep % n, keep // n], 1).astype(np.float32)
            box = out[f"bbox_{stride}"][0][keep]
            centre, wh = (cell + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride
            boxes.append(np.concatenate([centre - wh / 2, wh], 1) / scale)
            points.append((out[f"kps_{stride}"][0][keep].reshape(-1, 5, 2) + cell[:, None]) * stride / scale)
            scores.append(score[keep])
        boxes, points, scores = (np.concatenate(v) for v in (boxes, points, scores))
        if not len(boxes):
            return []
        best = np.array(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), threshold, .3)).reshape(-1)
        return [(boxes[i], points[i], float(scores[i])) for i in best]


class Mesh:
    """The MediaPipe face mesh, converted by convert_mesh.sh: a face's 68 points and the mesh's confidence."""
    ENLARGE, SIZE = 1.5, 192

    def __init__(self, path):
        self.net = session(path)
        self.input = self.net.get_inputs()[0].name
        outputs = self.net.get_outputs()
        self.names = [o.name for o in outputs]

    def crop(self, image, centre, side, angle):
        matrix = square(centre, side, angle, self.SIZE)
        pixels = warp(image, matrix, self.SIZE)[:, :, ::-1].astype(np.float32)[None] / 255
        values = sorted(self.net.run(self.names, {self.input: pixels}), key=np.size)
        confidence = 1 / (1 + np.exp(-float(values[0].reshape(-1)[0])))
        mesh = values[-1].reshape(468, 3)[:, :2]
        return apply(invert(matrix), mesh), confidence

    def __call__(self, image, box, five):
        """BGR photo, YuNet box and five points -> (points [68, 2], confidence 0..1); run twice, the second time on the
        crop that the first result asks for."""
        x, y, w, h = box
        angle = eye_angle(five[0], five[1])
        mesh, _ = self.crop(image, (x + w / 2, y + h / 2), self.ENLARGE * max(w, h), angle)
        angle = eye_angle(mesh[33], mesh[263])
        turned = apply(square((0, 0), 1, angle, 1), mesh)
        low, high = turned.min(0), turned.max(0)
        centre = apply(invert(square((0, 0), 1, angle, 1)), (low + high)[None] / 2)[0]
        mesh, confidence = self.crop(image, centre, self.ENLARGE * (high - low).max(), angle)
        return mesh[MESH_TO_68], confidence
