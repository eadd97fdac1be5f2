"""Reference numbers of tiny T5 models, in double precision, written from the definition (arXiv:1910.10683, and arXiv:2002.05202 for the gated MLP).

    python3 make_t5.py          needs numpy; writes the folders t5-relu-tied and t5-gated-untied beside this file

Gradients are exact: every parameter gets an imaginary step, and the imaginary part of the loss is its derivative.
"""

import json
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILON = 1e-6


def bucket(distance, both_ways, buckets, max_distance):
    """As published, logarithms in single precision."""
    first = 0
    if both_ways:
        buckets //= 2
        first = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    exact = buckets // 2
    if distance < exact:
        return first + distance
    ratio = np.log(np.float32(distance) / np.float32(exact)) / np.float32(np.log(max_distance / exact))
    return first + min(buckets - 1, exact + int(ratio * np.float32(buckets - exact)))


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * weight


def softmax(scores):
    terms = np.exp(scores - scores.real.max(-1, keepdims=True))
    return terms / terms.sum(-1, keepdims=True)


class Model:
    def __init__(self, config, weights):
        self.config, self.weights = config, weights

    def attention(self, name, x, states, bias):
        heads, size = self.config["num_heads"], self.config["d_kv"]

        def project(what, rows):
            return (rows @ self.weights[f"{name}.{what}.weight"].T).reshape(len(rows), heads, size).transpose(1, 0, 2)

        q, k, v = project("q", x), project("k", states), project("v", states)
        mixed = softmax(q @ k.transpose(0, 2, 1) + bias) @ v
        return mixed.transpose(1, 0, 2).reshape(len(x), heads * size) @ self.weights[f"{name}.o.weight"].T

    def feed_forward(self, name, x):
        w = self.weights
        if self.config["feed_forward_proj"] == "relu":
            up = x @ w[name + ".wi.weight"].T
            hidden = np.where(up.real > 0, up, 0)
        else:
            gate = x @ w[name + ".wi_0.weight"].T
            gate = 0.5 * gate * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)))
            hidden = gate * (x @ w[name + ".wi_1.weight"].T)
        return hidden @ w[name + ".wo.weight"].T

    def stack(self, name, tokens, states=None):
        config, w = self.config, self.weights
        decodes = states is not None
        table = w[name + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        places = range(len(tokens))
        buckets = [[bucket(key - query, not decodes, config["relative_attention_num_buckets"], config["relative_attention_max_distance"]) for key in places] for query in places]
        bias = table[np.array(buckets)].transpose(2, 0, 1)
        if decodes:
            bias = np.where(np.tril(np.ones((len(tokens), len(tokens)))) > 0, bias, -np.inf)
        x = w["shared.weight"][tokens]
        for layer in range(config["num_decoder_layers" if decodes else "num_layers"]):
            block = f"{name}.block.{layer}.layer"
            h = norm(x, w[block + ".0.layer_norm.weight"])
            x = x + self.attention(block + ".0.SelfAttention", h, h, bias)
            if decodes:
                h = norm(x, w[block + ".1.layer_norm.weight"])
                x = x + self.attention(block + ".1.EncDecAttention", h, states, 0)
            last = block + (".2" if decodes else ".1")
            x = x + self.feed_forward(last + ".DenseReluDense", norm(x, w[last + ".layer_norm.weight"]))
        return norm(x, w[name + ".final_layer_norm.weight"])

    def logits(self, source, target):
        states = self.stack("decoder", target, self.stack("encoder", source))
        if self.config["tie_word_embeddings"]:
            return states * self.config["d_model"] ** -0.5 @ self.weights["shared.weight"].T
        return states @ self.weights["lm_head.weight"].T

    def loss(self, sources, targets, labels):
        total = 0
        for source, target, label in zip(sources, targets, labels):
            z = self.logits(source, target)
            z = z - z.real.max(-1, keepdims=True)
            total = total - (z[np.arange(len(label)), label] - np.log(np.exp(z).sum(-1))).sum()
        return total / labels.size


def shapes(config):
    d, inner, ff, heads = config["d_model"], config["num_heads"] * config["d_kv"], config["d_ff"], config["num_heads"]
    yield "shared.weight", (config["vocab_size"], d)
    for name, layers in (("encoder", config["num_layers"]), ("decoder", config["num_decoder_layers"])):
        for layer in range(layers):
            block = f"{name}.block.{layer}.layer"
            parts = ["SelfAttention"] + (["EncDecAttention"] if name == "decoder" else [])
            for i, part in enumerate(parts):
                for what in "qkv":
                    yield f"{block}.{i}.{part}.{what}.weight", (inner, d)
                yield f"{block}.{i}.{part}.o.weight", (d, inner)
                yield f"{block}.{i}.layer_norm.weight", (d,)
            if layer == 0:
                yield f"{block}.0.SelfAttention.relative_attention_bias.weight", (config["relative_attention_num_buckets"], heads)
            last = f"{block}.{len(parts)}"
            for what in ("wi",) if config["feed_forward_proj"] == "relu" else ("wi_0", "wi_1"):
                yield f"{last}.DenseReluDense.{what}.weight", (ff, d)
            yield f"{last}.DenseReluDense.wo.weight", (d, ff)
            yield f"{last}.layer_norm.weight", (d,)
        yield name + ".final_layer_norm.weight", (d,)
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", (config["vocab_size"], d)


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        values = np.ascontiguousarray(values, np.int64 if np.issubdtype(np.asarray(values).dtype, np.integer) else np.float32)
        header[name] = {"dtype": "I64" if values.dtype == np.int64 else "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def make(folder, seed, **options):
    config = {
        "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "is_encoder_decoder": True, "vocab_size": 23, "d_model": 8, "d_kv": 3, "d_ff": 10,
        "num_layers": 2, "num_decoder_layers": 2, "num_heads": 2, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 6,
        "layer_norm_epsilon": EPSILON, "dropout_rate": 0.0, "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, **options,
    }
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes(config):
        values = random.normal(1 if name.endswith("norm.weight") else 0, 0.2 if name.endswith("norm.weight") else 0.5, shape)
        weights[name] = values.astype(np.float32).astype(np.float64)
    sources, targets = random.integers(2, 23, (2, 11)), random.integers(2, 23, (2, 9))
    labels = np.concatenate([targets[:, 1:], np.ones((2, 1), np.int64)], 1)
    targets[:, 0] = config["decoder_start_token_id"]
    model = Model(config, weights)
    io = {
        "input_ids": sources, "decoder_input_ids": targets, "labels": labels,
        "logits": np.stack([model.logits(*pair) for pair in zip(sources, targets)]), "loss": np.array([model.loss(sources, targets, labels)]),
    }
    step = 1e-30
    for name in weights:
        real = weights[name]
        weights[name] = real.astype(np.complex128)
        gradient = np.empty(real.shape)
        for place in np.ndindex(real.shape):
            weights[name][place] += 1j * step
            gradient[place] = model.loss(sources, targets, labels).imag / step
            weights[name][place] = real[place]
        weights[name] = real
        io["grad." + name] = gradient
    folder = os.path.join(HERE, folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    write_safetensors(os.path.join(folder, "model.safetensors"), weights)
    write_safetensors(os.path.join(folder, "io.safetensors"), io)


make("t5-relu-tied", 1, feed_forward_proj="relu", tie_word_embeddings=True)
make("t5-gated-untied", 2, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
