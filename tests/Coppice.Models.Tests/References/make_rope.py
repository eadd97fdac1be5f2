"""Reference numbers of tiny models with scaled rotary positions, in double precision, written from the definitions: positional interpolation (arXiv:2306.15595),
Llama 3's positions (arXiv:2407.21783), YaRN (arXiv:2309.00071) and LongRoPE (arXiv:2402.13753, as Phi-3 uses it).

    python3 make_rope.py          needs numpy; writes a folder rope-KIND beside this file for each kind
"""

import json
import math
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
HEADS, KEY_HEADS, SIZE, HIDDEN, INNER, LAYERS, VOCABULARY, POSITIONS, ORIGINAL, THETA = 2, 1, 8, 16, 14, 2, 13, 64, 32, 500.0


def speeds(scaling, pairs, length):
    """Radians a position for each pair, and what the turned vectors are multiplied with."""
    kind = scaling.get("rope_type", scaling.get("type"))
    plain = [THETA ** (-pair / pairs) for pair in range(pairs)]
    factor = scaling.get("factor")
    if kind == "linear":
        return [speed / factor for speed in plain], 1
    if kind == "llama3":
        low, high, found = scaling["low_freq_factor"], scaling["high_freq_factor"], []
        for speed in plain:
            wave = 2 * math.pi / speed
            if wave < ORIGINAL / high:
                found.append(speed)
            elif wave > ORIGINAL / low:
                found.append(speed / factor)
            else:
                smooth = (ORIGINAL / wave - low) / (high - low)
                found.append((1 - smooth) * speed / factor + smooth * speed)
        return found, 1
    if kind == "yarn":
        def pair_of(turns):
            return 2 * pairs * math.log(ORIGINAL / (turns * 2 * math.pi)) / (2 * math.log(THETA))

        low = max(math.floor(pair_of(scaling.get("beta_fast", 32))), 0)
        high = min(math.ceil(pair_of(scaling.get("beta_slow", 1))), 2 * pairs - 1)
        found = []
        for pair, speed in enumerate(plain):
            ramp = min(max((pair - low) / (high - low if high != low else 0.001), 0), 1)
            found.append(speed / factor * ramp + speed * (1 - ramp))
        return found, scaling.get("attention_factor", 0.1 * math.log(factor) + 1)
    if kind == "longrope":
        divisors = scaling["long_factor" if length > ORIGINAL else "short_factor"]
        return [speed / divisor for speed, divisor in zip(plain, divisors)], math.sqrt(1 + math.log(POSITIONS / ORIGINAL) / math.log(ORIGINAL))
    raise ValueError(kind)


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight


def turn(x, angles, magnitude):
    """x: [tokens, heads, size]; the first half of what turns goes with the second half, and what is behind them stays."""
    half = angles.shape[1]
    cos, sin = np.cos(angles)[:, None] * magnitude, np.sin(angles)[:, None] * magnitude
    first, second, rest = x[..., :half], x[..., half:2 * half], x[..., 2 * half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin, rest], -1)


def logits(config, weights, tokens):
    share = config.get("partial_rotary_factor", 1)
    found, magnitude = speeds(config["rope_scaling"], int(SIZE * share) // 2, len(tokens))
    angles = np.outer(np.arange(len(tokens)), found)
    seen = np.tril(np.ones((len(tokens), len(tokens)), bool))
    x = weights["model.embed_tokens.weight"][tokens]
    for layer in range(LAYERS):
        w = {name.split(".", 3)[3]: values for name, values in weights.items() if name.startswith(f"model.layers.{layer}.")}
        h = norm(x, w["input_layernorm.weight"])
        if config["model_type"] == "phi3":
            q, k, v = np.split(h @ w["self_attn.qkv_proj.weight"].T, [HEADS * SIZE, (HEADS + KEY_HEADS) * SIZE], -1)
        else:
            q, k, v = (h @ w[f"self_attn.{name}_proj.weight"].T for name in "qkv")
        q, k = turn(q.reshape(-1, HEADS, SIZE), angles, magnitude), turn(k.reshape(-1, KEY_HEADS, SIZE), angles, magnitude)
        k, v = k.repeat(HEADS // KEY_HEADS, 1), v.reshape(-1, KEY_HEADS, SIZE).repeat(HEADS // KEY_HEADS, 1)
        scores = np.where(seen, np.einsum("qhd,khd->hqk", q, k) / math.sqrt(SIZE), -np.inf)
        terms = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = np.einsum("hqk,khd->qhd", terms / terms.sum(-1, keepdims=True), v)
        x = x + mixed.reshape(len(tokens), -1) @ w["self_attn.o_proj.weight"].T
        h = norm(x, w["post_attention_layernorm.weight"])
        if config["model_type"] == "phi3":
            gate, up = np.split(h @ w["mlp.gate_up_proj.weight"].T, 2, -1)
        else:
            gate, up = h @ w["mlp.gate_proj.weight"].T, h @ w["mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w["mlp.down_proj.weight"].T
    return norm(x, weights["model.norm.weight"]) @ weights["lm_head.weight"].T


def shapes(config):
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        block = f"model.layers.{layer}."
        yield block + "input_layernorm.weight", (HIDDEN,)
        if config["model_type"] == "phi3":
            yield block + "self_attn.qkv_proj.weight", ((HEADS + 2 * KEY_HEADS) * SIZE, HIDDEN)
            yield block + "mlp.gate_up_proj.weight", (2 * INNER, HIDDEN)
        else:
            yield block + "self_attn.q_proj.weight", (HEADS * SIZE, HIDDEN)
            yield block + "self_attn.k_proj.weight", (KEY_HEADS * SIZE, HIDDEN)
            yield block + "self_attn.v_proj.weight", (KEY_HEADS * SIZE, HIDDEN)
            yield block + "mlp.gate_proj.weight", (INNER, HIDDEN)
            yield block + "mlp.up_proj.weight", (INNER, HIDDEN)
        yield block + "self_attn.o_proj.weight", (HIDDEN, HEADS * SIZE)
        yield block + "post_attention_layernorm.weight", (HIDDEN,)
        yield block + "mlp.down_proj.weight", (HIDDEN, INNER)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


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


def make(folder, seed, family, scaling, **options):
    config = {
        "model_type": family, "vocab_size": VOCABULARY, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS,
        "head_dim": SIZE, "intermediate_size": INNER, "max_position_embeddings": POSITIONS, "rms_norm_eps": 1e-5, "rope_theta": THETA, "rope_scaling": scaling,
        "tie_word_embeddings": False, "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2, **options,
    }
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes(config):
        mean, deviation = (1, 0.2) if name.endswith("norm.weight") else (0, 0.5)
        weights[name] = random.normal(mean, deviation, shape).astype(np.float32).astype(np.float64)
    io = {}
    for name, length in (("short", ORIGINAL), ("long", POSITIONS)):
        io[name + ".input_ids"] = random.integers(0, VOCABULARY, (1, length))
        io[name + ".logits"] = logits(config, weights, io[name + ".input_ids"][0])
    folder = os.path.join(HERE, folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
        file.write("\n")
    write_safetensors(os.path.join(folder, "model.safetensors"), weights)
    write_safetensors(os.path.join(folder, "io.safetensors"), io)


make("rope-linear", 1, "llama", {"type": "linear", "factor": 2.5})
make("rope-llama3", 2, "llama", {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": ORIGINAL})
make("rope-yarn", 3, "llama", {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": ORIGINAL, "beta_fast": 2.0, "beta_slow": 0.25})
make("rope-yarn-attention", 4, "llama", {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": ORIGINAL, "attention_factor": 1.5})
make("rope-longrope", 5, "phi3", {"type": "longrope", "short_factor": [1.0, 1.1, 1.4], "long_factor": [1.2, 2.5, 11.0]},
     original_max_position_embeddings=ORIGINAL, partial_rotary_factor=0.75, pad_token_id=None, sliding_window=None)
