"""The language model against the `transformers` library: small random models here, the real one where it is installed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from real_model import SMOLLM2, needs_model, users_cache

from nnanim import models
from nnanim.models import ModelError
from nnanim.sim import checkpoint, language_model
from nnanim.sim.language_model import KEPT, Cache, LanguageModel
from nnanim.sim.model_files import digest_of

transformers = pytest.importorskip("transformers", reason="transformers is not installed (it is only needed by tests)")
PROMPTS = (
    "The capital of France is",
    "Once upon a time, in 1987,",
    "def add(a, b):\n    return",
    "Water 💧 boils at",
    " ",
)


_LLAMA_NAMES = {
    "attention_norm": "input_layernorm",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "output": "self_attn.o_proj",
    "feed_forward_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


def in_transformers(model: LanguageModel):
    """The same weights in the library's Llama: a second forward pass over the same numbers."""
    c = model.config
    config = transformers.LlamaConfig(
        vocab_size=c.n_vocabulary, hidden_size=c.d_model, intermediate_size=c.d_feed_forward, num_hidden_layers=c.n_layers,
        num_attention_heads=c.n_heads, num_key_value_heads=c.n_kv_heads, head_dim=c.d_head, max_position_embeddings=c.n_context,
        rms_norm_eps=c.epsilon, rope_parameters={"rope_type": "default", "rope_theta": c.rotary_base},
        tie_word_embeddings=True, attn_implementation="eager",
    )  # fmt: skip
    with torch.device("meta"):
        reference = transformers.LlamaForCausalLM(config)
    names = {"embedding.weight": "model.embed_tokens.weight", "norm.weight": "model.norm.weight"}
    for layer in range(c.n_layers):
        for ours, theirs in _LLAMA_NAMES.items():
            names[f"{layer}.{ours}.weight"] = f"model.layers.{layer}.{theirs}.weight"
    weights = {names[name]: weight for name, weight in model.weights.items()}
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    reference.load_state_dict(weights, strict=True, assign=True)
    reference.model.rotary_emb = type(reference.model.rotary_emb)(config)  # its buffers were made on "meta"
    return reference.eval()


def assert_same(ours: LanguageModel, reference, ids: list[int], logit_tolerance=1e-3) -> None:
    with torch.no_grad():
        theirs = reference(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    mine = ours.forward(ids, keep=KEPT)
    torch.testing.assert_close(mine.logits, theirs.logits[0], atol=logit_tolerance, rtol=0)
    torch.testing.assert_close(mine.attention, torch.cat(theirs.attentions), atol=1e-4, rtol=0)
    states = torch.cat(theirs.hidden_states)  # the last of them after the final norm
    torch.testing.assert_close(mine.residuals[:-1], states[:-1], atol=2e-3, rtol=1e-4)
    torch.testing.assert_close(mine.hidden_states, states, atol=2e-3, rtol=1e-4)
    c = ours.config
    assert mine.queries.shape == (c.n_layers, c.n_heads, len(ids), c.d_head)
    assert mine.keys.shape == mine.values.shape == (c.n_layers, c.n_kv_heads, len(ids), c.d_head)
    # what was kept is what attention was computed from
    shared = c.n_heads // c.n_kv_heads
    heads = torch.nn.functional.scaled_dot_product_attention(
        mine.queries, mine.keys.repeat_interleave(shared, 1), mine.values.repeat_interleave(shared, 1), is_causal=True
    )
    torch.testing.assert_close(mine.heads, heads, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "sizes",
    [{}, {"n_layers": 3, "n_kv_heads": 4}, {"n_heads": 6, "n_kv_heads": 1, "d_model": 48, "gain": 1.0}, {"n_layers": 1, "n_heads": 1, "n_kv_heads": 1}],
)
def test_a_toy_gives_what_transformers_gives(sizes):
    model = language_model.toy(7, **sizes)
    reference, ids = in_transformers(model), [5, 400, 0, 17, 17, 300, 211, 5]
    assert_same(model, reference, ids, 1e-4)
    assert greedy(model, ids, 32) == greedy_by_transformers(reference, ids, 32)


def greedy(model: LanguageModel, ids: list[int], steps: int) -> list[int]:
    cache, drawn, new = Cache(), [], ids
    for _ in range(steps):
        new = [int(model.forward(new, cache, keep=()).logits[-1].argmax())]
        drawn += new
    return drawn


def greedy_by_transformers(reference, ids: list[int], steps: int) -> list[int]:
    prompt = torch.tensor([ids])
    whole = reference.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=steps, do_sample=False, pad_token_id=0, eos_token_id=None
    )  # fmt: skip
    return whole[0, len(ids) :].tolist()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 50),
    ids=st.lists(st.integers(0, 300), min_size=1, max_size=12),
    data=st.data(),
)
def test_with_a_cache_nothing_changes(seed, ids, data):
    model = language_model.toy(seed)
    whole = model.forward(ids, keep=KEPT)
    cache, at = Cache(), 0
    while at < len(ids):
        step = data.draw(st.integers(1, len(ids) - at))
        part = model.forward(ids[at : at + step], cache, keep=KEPT)
        assert part.attention.shape[-2:] == (step, at + step)
        torch.testing.assert_close(part.logits, whole.logits[at : at + step], atol=2e-4, rtol=1e-4)
        torch.testing.assert_close(part.attention, whole.attention[:, :, at : at + step, : at + step], atol=1e-5, rtol=1e-4)
        at += step
    assert cache.length == len(ids)
    last = model.forward(ids, keep=())
    assert last.logits.shape == (1, model.config.n_vocabulary)
    assert not last.attention.numel()


@settings(max_examples=20, deadline=None)
@given(ids=st.lists(st.integers(0, 300), min_size=2, max_size=10), change=st.integers(0, 300))
def test_no_token_sees_the_future(ids, change):
    model = language_model.toy(3)
    before, after = model.forward(ids), model.forward([*ids[:-1], change])
    torch.testing.assert_close(before.logits[:-1], after.logits[:-1], atol=1e-5, rtol=1e-5)


def test_a_pass_says_what_it_cannot_do():
    model = language_model.toy()
    with pytest.raises(ValueError, match="1 to 512 tokens, got 0"):
        model.forward([])
    with pytest.raises(ValueError, match="1 to 512 tokens, got 513"):
        model.forward([1] * 513)
    with pytest.raises(ValueError, match="not atention"):
        model.forward([1], keep=("atention",))


def test_toy_weights_follow_the_seed_and_say_what_they_are():
    first, again, other = language_model.toy(1), language_model.toy(1), language_model.toy(2)
    assert first.config.weights_note == "random weights"
    assert first.digest == again.digest != other.digest
    torch.testing.assert_close(first.forward([1, 2]).logits, again.forward([1, 2]).logits, atol=0, rtol=0)
    assert not torch.allclose(first.forward([1, 2]).logits, other.forward([1, 2]).logits)


def test_without_the_model_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path))
    language_model._load_installed.cache_clear()
    with pytest.raises(ModelError, match=r"nnanim models install smollm2$"):
        language_model.load()
    assert digest_of("smollm2") == SMOLLM2.member_sha256


def test_query_rows_of_a_gguf_file_come_back_in_halves():
    rows = torch.arange(2 * 6, dtype=torch.float32).reshape(12, 1)  # two heads of six rows
    pairs = torch.cat([rows.view(2, 2, 3, 1)[h].transpose(0, 1).reshape(6, 1) for h in range(2)])
    assert pairs[:6, 0].tolist() == [0, 3, 1, 4, 2, 5]  # what the file holds
    assert torch.equal(checkpoint._halves_from_pairs(pairs, 2), rows)


# The real model ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smollm2() -> LanguageModel:
    with users_cache():
        return language_model.load("smollm2")


@pytest.fixture(scope="module")
def reference(smollm2):
    """The real model in `transformers`, from our dequantised weights."""
    return in_transformers(smollm2)


@needs_model
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_real_model_gives_what_transformers_gives(smollm2, reference, prompt):
    assert_same(smollm2, reference, smollm2.encode(prompt))


@needs_model
@pytest.mark.parametrize("prompt", PROMPTS[:2])
def test_the_real_model_goes_on_as_transformers_does(smollm2, reference, prompt):
    ids = smollm2.encode(prompt)
    assert greedy(smollm2, ids, 32) == greedy_by_transformers(reference, ids, 32)


@needs_model
def test_the_weights_are_what_the_format_says(smollm2):
    """Blocks of 32 numbers, unpacked here by hand: Q4_1 is scale, minimum and 16 bytes of two numbers each, Q8_0 is
    scale and 32 signed bytes (ggml-common.h)."""
    import gguf

    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(SMOLLM2.path).tensors}

    def q4_1(name: str, columns: int) -> torch.Tensor:
        blocks = np.asarray(tensors[name].data).reshape(-1, 20)
        scale, minimum = (blocks[:, at : at + 2].copy().view(np.float16).astype(np.float32) for at in (0, 2))
        numbers = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1)
        return torch.from_numpy((numbers * scale + minimum).reshape(-1, columns))

    c = smollm2.config
    for layer in (0, 29):
        assert torch.equal(smollm2.weights[f"{layer}.down.weight"], q4_1(f"blk.{layer}.ffn_down.weight", c.d_feed_forward))
        assert torch.equal(smollm2.weights[f"{layer}.value.weight"], q4_1(f"blk.{layer}.attn_v.weight", c.d_model))
        keys = q4_1(f"blk.{layer}.attn_k.weight", c.d_model).view(c.n_kv_heads, c.d_head, c.d_model)
        ours = smollm2.weights[f"{layer}.key.weight"].view(c.n_kv_heads, c.d_head, c.d_model)
        assert torch.equal(ours[:, : c.d_head // 2], keys[:, 0::2])  # rows 2i and 2i + 1 of the file rotate together
        assert torch.equal(ours[:, c.d_head // 2 :], keys[:, 1::2])
    blocks = np.asarray(tensors["token_embd.weight"].data).reshape(-1, 34)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    by_hand = (blocks[:, 2:].view(np.int8) * scale).reshape(c.n_vocabulary, c.d_model)
    assert torch.equal(smollm2.weights["embedding.weight"], torch.from_numpy(by_hand))


@needs_model
def test_sizes_and_a_fact_that_it_knows(smollm2):
    c = smollm2.config
    assert (c.n_layers, c.n_heads, c.n_kv_heads, c.d_model, c.d_head, c.n_vocabulary) == (30, 9, 3, 576, 64, 49_152)
    assert sum(weight.numel() for weight in smollm2.weights.values()) == SMOLLM2.parameters
    logits = smollm2.forward(smollm2.encode("The capital of France is"), keep=()).logits[-1]
    assert smollm2.token_texts([int(logits.argmax())]) == [" Paris"]


@needs_model
def test_damaged_weights_are_noticed_and_a_damaged_cache_is_made_again(tmp_path, monkeypatch, smollm2):
    monkeypatch.setenv("NNANIM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NNANIM_CACHE", str(tmp_path / "cache"))
    SMOLLM2.path.parent.mkdir(parents=True)
    spoiled = bytearray(SMOLLM2.member_bytes)
    SMOLLM2.path.write_bytes(spoiled)
    with pytest.raises(ModelError, match="damaged; install it again"):
        checkpoint.read_installed(SMOLLM2)
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    # a short stand-in for the real file: what matters is which branch is taken
    kept = models.weights_cache() / f"smollm2-{SMOLLM2.member_sha256[:16]}-{checkpoint.FORM}.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half a file")
    monkeypatch.setattr(checkpoint, "sha256", lambda path: SMOLLM2.member_sha256)
    tiny = {"embedding.weight": torch.ones(2, 2)}
    tokenizer = {"tokens": ["a", "b"], "merges": [], "token_type": [1, 1], "pre": "smollm"}
    sizes = dict.fromkeys(("n_layers", "n_heads", "n_kv_heads", "d_model", "d_head", "d_feed_forward", "n_vocabulary", "n_context"), 1)
    monkeypatch.setattr(checkpoint, "_read_gguf", lambda path: (tiny, {"config": sizes, "tokenizer": tokenizer}))
    assert torch.equal(checkpoint.read_installed(SMOLLM2).weights["embedding.weight"], torch.ones(2, 2))
    monkeypatch.setattr(checkpoint, "_read_gguf", lambda path: pytest.fail("the kept weights were not used"))
    assert torch.equal(checkpoint.read_installed(SMOLLM2).weights["embedding.weight"], torch.ones(2, 2))
    assert not list(kept.parent.glob("*.unfinished"))
