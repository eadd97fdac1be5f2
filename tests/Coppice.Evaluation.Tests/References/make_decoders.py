#!/usr/bin/env python3
"""Tiny decoders with the numbers that they must give, for DecoderReferenceTests: written from the definitions of the architectures, in PyTorch and float64.

    make_decoders.py [FOLDER]

Each becomes a folder with config.json, model.safetensors (the random weights, float32) and io.safetensors: input_ids, labels (-100 is not counted), logits,
the mean loss, and the gradient of every parameter. Needs torch alone (Debian: python3-torch).
"""
import json
import math
import os
import struct
import sys

import torch

VOCABULARY, BATCH, LENGTH = 40, 2, 11
DOUBLE = torch.float64


class Model:
    """A configuration, and random weights that are made as the architecture's function first asks for them by name and shape."""

    def __init__(self, config, seed):
        self.config = config
        self.weights = {}
        self.random = torch.Generator().manual_seed(seed)

    def __getitem__(self, key):
        return self.config[key]

    def tensor(self, name, shape, mean, deviation):
        if name not in self.weights:
            values = mean + deviation * torch.randn(shape, generator=self.random, dtype=DOUBLE)
            self.weights[name] = values.float().double().requires_grad_()
        assert self.weights[name].shape == torch.Size(shape), name
        return self.weights[name]

    def matrix(self, name, outputs, inputs):
        return self.tensor(name + ".weight", (outputs, inputs), 0, 0.6 / math.sqrt(inputs))

    def linear(self, name, x, outputs, bias):
        y = x @ self.matrix(name, outputs, x.shape[-1]).T
        return y + self.tensor(name + ".bias", (outputs,), 0, 0.1) if bias else y

    def embedding(self, name, rows, ids):
        return self.tensor(name + ".weight", (rows, self["hidden_size"]), 0, 0.5)[ids]

    def layer_norm(self, name, x, epsilon):
        weight = self.tensor(name + ".weight", (x.shape[-1],), 1, 0.2)
        bias = self.tensor(name + ".bias", (x.shape[-1],), 0, 0.1)
        centred = x - x.mean(-1, keepdim=True)
        return centred / torch.sqrt((centred ** 2).mean(-1, keepdim=True) + epsilon) * weight + bias

    def rms_norm(self, name, x, offset):
        weight = offset + self.tensor(name + ".weight", (x.shape[-1],), 1 - offset, 0.2)
        return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + self["rms_norm_eps"]) * weight


def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def silu(x):
    return x / (1 + torch.exp(-x))


def rotate(x, size, theta):
    """x [..., length, head size]: value i of the first half of the leading values turns with value i of the second half."""
    half = size // 2
    angles = torch.arange(x.shape[-2], dtype=DOUBLE)[:, None] * theta ** (-2 * torch.arange(half, dtype=DOUBLE) / size)
    first, second, rest = x[..., :half], x[..., half:size], x[..., size:]
    return torch.cat([first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin(), rest], -1)


def heads(x, count):
    """[batch, length, count * size] to [batch, count, length, size]."""
    return x.view(*x.shape[:2], count, -1).transpose(1, 2)


def attend(q, k, v, window=None):
    """Softmax attention of heads to themselves and what is before them, with fewer heads of keys than of queries where those are shared."""
    k, v = (t.repeat_interleave(q.shape[1] // t.shape[1], dim=1) for t in (k, v))
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    behind = torch.arange(q.shape[-2])[:, None] - torch.arange(q.shape[-2])[None, :]
    hidden = (behind < 0) if window is None else (behind < 0) | (behind >= window)
    y = torch.softmax(scores.masked_fill(hidden, -math.inf), -1) @ v
    return y.transpose(1, 2).reshape(y.shape[0], y.shape[2], -1)


def phi3(m, ids):
    hidden, count, shared, middle = m["hidden_size"], m["num_attention_heads"], m["num_key_value_heads"], m["intermediate_size"]
    size = hidden // count
    turning = int(size * m["partial_rotary_factor"])
    x = m.embedding("model.embed_tokens", VOCABULARY, ids)
    for layer in range(m["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        fused = m.linear(name + "self_attn.qkv_proj", m.rms_norm(name + "input_layernorm", x, 0), (count + 2 * shared) * size, False)
        q, k, v = fused.split([count * size, shared * size, shared * size], -1)
        q, k = (rotate(heads(t, n), turning, m["rope_theta"]) for t, n in ((q, count), (k, shared)))
        x = x + m.linear(name + "self_attn.o_proj", attend(q, k, heads(v, shared), m["sliding_window"]), hidden, False)
        gate, up = m.linear(name + "mlp.gate_up_proj", m.rms_norm(name + "post_attention_layernorm", x, 0), 2 * middle, False).split(middle, -1)
        x = x + m.linear(name + "mlp.down_proj", silu(gate) * up, hidden, False)
    return m.rms_norm("model.norm", x, 0) @ m.matrix("lm_head", VOCABULARY, hidden).T


def gemma(m, ids):
    hidden, count, shared, size = m["hidden_size"], m["num_attention_heads"], m["num_key_value_heads"], m["head_dim"]
    x = m.embedding("model.embed_tokens", VOCABULARY, ids) * math.sqrt(hidden)
    for layer in range(m["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        h = m.rms_norm(name + "input_layernorm", x, 1)
        q, k, v = (heads(m.linear(name + f"self_attn.{part}_proj", h, n * size, False), n) for part, n in (("q", count), ("k", shared), ("v", shared)))
        q, k = (rotate(t, size, m["rope_theta"]) for t in (q, k))
        x = x + m.linear(name + "self_attn.o_proj", attend(q, k, v), hidden, False)
        h = m.rms_norm(name + "post_attention_layernorm", x, 1)
        gate, up = (m.linear(name + f"mlp.{part}_proj", h, m["intermediate_size"], False) for part in ("gate", "up"))
        x = x + m.linear(name + "mlp.down_proj", gelu_tanh(gate) * up, hidden, False)
    return m.rms_norm("model.norm", x, 1) @ m.weights["model.embed_tokens.weight"].T


def gpt_neox(m, ids):
    hidden, count, epsilon = m["hidden_size"], m["num_attention_heads"], m["layer_norm_eps"]
    size = hidden // count
    turning = int(size * m["rotary_pct"])
    activation = {"gelu": gelu, "gelu_new": gelu_tanh}[m["hidden_act"]]
    x = m.embedding("gpt_neox.embed_in", VOCABULARY, ids)
    for layer in range(m["num_hidden_layers"]):
        name = f"gpt_neox.layers.{layer}."
        fused = m.linear(name + "attention.query_key_value", m.layer_norm(name + "input_layernorm", x, epsilon), 3 * hidden, True)
        # For each head its query, its key and its value.
        q, k, v = (part.transpose(1, 2) for part in fused.view(*ids.shape, count, 3, size).unbind(3))
        q, k = (rotate(t, turning, m["rotary_emb_base"]) for t in (q, k))
        attended = m.linear(name + "attention.dense", attend(q, k, v), hidden, True)
        seen = x if m["use_parallel_residual"] else x + attended
        h = m.linear(name + "mlp.dense_h_to_4h", m.layer_norm(name + "post_attention_layernorm", seen, epsilon), m["intermediate_size"], True)
        x = x + attended + m.linear(name + "mlp.dense_4h_to_h", activation(h), hidden, True)
    x = m.layer_norm("gpt_neox.final_layer_norm", x, epsilon)
    return x @ (m.weights["gpt_neox.embed_in.weight"] if m["tie_word_embeddings"] else m.matrix("embed_out", VOCABULARY, hidden)).T


def opt(m, ids):
    hidden, count, epsilon = m["hidden_size"], m["num_attention_heads"], 1e-5
    x = m.embedding("model.decoder.embed_tokens", VOCABULARY, ids)
    # The first two rows belong to no position.
    x = x + m.embedding("model.decoder.embed_positions", m["max_position_embeddings"] + 2, torch.arange(LENGTH) + 2)
    for layer in range(m["num_hidden_layers"]):
        name = f"model.decoder.layers.{layer}."
        h = m.layer_norm(name + "self_attn_layer_norm", x, epsilon)
        q, k, v = (heads(m.linear(name + f"self_attn.{part}_proj", h, hidden, True), count) for part in "qkv")
        x = x + m.linear(name + "self_attn.out_proj", attend(q, k, v), hidden, True)
        h = m.linear(name + "fc1", m.layer_norm(name + "final_layer_norm", x, epsilon), m["ffn_dim"], True)
        x = x + m.linear(name + "fc2", h.clamp(min=0), hidden, True)
    return m.layer_norm("model.decoder.final_layer_norm", x, epsilon) @ m.weights["model.decoder.embed_tokens.weight"].T


def configuration(architecture, **others):
    return {"architectures": [architecture], "vocab_size": VOCABULARY, "num_hidden_layers": 2, "max_position_embeddings": 16, "torch_dtype": "float32", **others}


NEOX = dict(
    model_type="gpt_neox", hidden_size=24, num_attention_heads=3, intermediate_size=32, rotary_emb_base=1000, layer_norm_eps=1e-5)
MODELS = {
    "phi3": (phi3, configuration(
        "Phi3ForCausalLM", model_type="phi3", hidden_size=24, num_attention_heads=4, num_key_value_heads=2, intermediate_size=20, hidden_act="silu",
        partial_rotary_factor=0.7, sliding_window=5, rope_theta=1000.0, rms_norm_eps=1e-5, tie_word_embeddings=False, pad_token_id=None)),
    "gemma": (gemma, configuration(
        "GemmaForCausalLM", model_type="gemma", hidden_size=16, num_attention_heads=2, num_key_value_heads=1, head_dim=12, intermediate_size=20,
        hidden_act="gelu_pytorch_tanh", rope_theta=1000.0, rms_norm_eps=1e-6)),
    "gpt_neox": (gpt_neox, configuration(
        "GPTNeoXForCausalLM", hidden_act="gelu", rotary_pct=0.25, use_parallel_residual=True, tie_word_embeddings=False, **NEOX)),
    "gpt_neox_sequential": (gpt_neox, configuration(
        "GPTNeoXForCausalLM", hidden_act="gelu_new", rotary_pct=1.0, use_parallel_residual=False, tie_word_embeddings=True, **NEOX)),
    "opt": (opt, configuration(
        "OPTForCausalLM", model_type="opt", hidden_size=16, word_embed_proj_dim=16, num_attention_heads=2, ffn_dim=28, activation_function="relu",
        do_layer_norm_before=True, dropout=0.0)),
}


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        whole = not tensor.is_floating_point()
        content = tensor.detach().contiguous().to(torch.int64 if whole else torch.float32).numpy().tobytes()
        header[name] = {"dtype": "I64" if whole else "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for seed, (name, (forward, config)) in enumerate(MODELS.items(), start=1):
        model = Model(config, seed)
        ids = torch.randint(VOCABULARY, (BATCH, LENGTH), generator=model.random)
        labels = ids.clone()
        labels[0, 3] = labels[1, 7] = -100
        logits = forward(model, ids)
        expected, counted = labels[:, 1:], labels[:, 1:] != -100
        chosen = torch.log_softmax(logits[:, :-1], -1).gather(-1, expected.clamp(min=0)[..., None])[..., 0]
        loss = -chosen[counted].mean()
        loss.backward()
        where = os.path.join(folder, name)
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, "config.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(config, indent=2) + "\n")
        write_safetensors(os.path.join(where, "model.safetensors"), model.weights)
        gradients = {"grad." + parameter: tensor.grad for parameter, tensor in model.weights.items()}
        write_safetensors(os.path.join(where, "io.safetensors"), {"input_ids": ids, "labels": labels, "logits": logits, "loss": loss.view(1), **gradients})
        print(f"{name}: {sum(tensor.numel() for tensor in model.weights.values())} parameters, loss {loss.item():.6f}")


if __name__ == "__main__":
    main()
