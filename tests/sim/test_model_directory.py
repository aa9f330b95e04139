"""Local directories of models: the same numbers as a direct call of the library, and one line for what is amiss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
from local_models import DECODERS, SIZES, VOCABULARY, edit, save
from safetensors.torch import load_file, save_file

from nnanim.models import ModelError
from nnanim.params import ParameterError
from nnanim.sim import attention, language_model
from nnanim.sim.generation import Sampling, counted_pass, generate
from nnanim.sim.model_files import digest_of
from nnanim.sim.tokenizer import Tokenizer
from nnanim.sim.transformers_model import TransformersModel

IDS = [5, 400, 0, 17, 17, 300, 211, 5]
PROMPT = "The cat sat on it"


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> dict[str, Path]:
    """A directory for each architecture, made when it is first asked for."""

    class Directories(dict):
        def __missing__(self, name: str) -> Path:
            folder = tmp_path_factory.mktemp("models") / name
            save(DECODERS[name](), folder)
            self[name] = folder
            return folder

    return Directories()


def direct(folder: Path) -> transformers.PreTrainedModel:
    """The library's own reading, in float32 and with attention weights."""
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


# The same numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DECODERS)
def test_a_pass_gives_what_transformers_gives(saved, name):
    model = language_model.load(saved[name])
    with torch.no_grad():
        theirs = direct(saved[name])(torch.tensor([IDS]), output_attentions=True, output_hidden_states=True)
    ours = model.forward(IDS, keep=("logits", "attention", "hidden_states"))
    close = {"atol": 1e-5, "rtol": 1e-5}  # experts are computed one by one here
    torch.testing.assert_close(ours.logits, theirs.logits[0], **close)
    torch.testing.assert_close(ours.attention, torch.cat(theirs.attentions), **close)
    torch.testing.assert_close(ours.hidden_states, torch.cat(theirs.hidden_states), **close)
    torch.testing.assert_close(model.forward(IDS, keep=()).logits, theirs.logits[0, -1:], **close)
    assert ours.attention.shape == (model.config.n_layers, model.config.n_heads, len(IDS), len(IDS)) == (2, 4, 8, 8)
    assert model.config.name == name and model.config.n_vocabulary == VOCABULARY == ours.logits.shape[-1]
    assert not ours.queries.numel() and "queries" not in model.offers


@pytest.mark.parametrize("name", DECODERS)
def test_generation_is_that_of_transformers(saved, name):
    model, network = language_model.load(saved[name]), direct(saved[name])
    trace = generate(model, PROMPT, 12, Sampling(top_k=1), 0)
    prompt = torch.tensor([model.encode(PROMPT)])
    with torch.no_grad():
        whole = network.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=12, do_sample=False, pad_token_id=0
        )
    assert trace["ids"].tolist() == whole[0].tolist()
    assert trace["caches"] == 1
    assert trace["cache_difference"].max() < 1e-3


def test_every_switch_is_at_stake():
    """Each variant differs from its plain sister with the same weights: none of the tests above passes by leaving it out."""

    def logits(config) -> torch.Tensor:
        torch.manual_seed(0)
        return transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()(torch.tensor([IDS])).logits

    llama = logits(DECODERS["llama"]())
    for name in ("llama-linear", "llama-3", "llama-yarn"):
        assert (logits(DECODERS[name]()) - llama).abs().max() > 1e-5, name
    gpt2 = logits(DECODERS["gpt2"]())
    assert (logits(DECODERS["gpt2-inverse-layer"]()) - gpt2).abs().max() > 1e-5
    assert (logits(DECODERS["mistral"]()) - logits(transformers.MistralConfig(**SIZES, sliding_window=None))).abs().max() > 1e-5


def test_an_older_way_of_writing_rope_scaling_is_the_same_model(saved, tmp_path):
    """`rope_scaling: {"type": "linear"}` with `rope_theta` beside it, as configurations before transformers 5 had it."""
    save(DECODERS["llama-linear"](), tmp_path)
    edit(tmp_path, rope_parameters=None, rope_theta=500.0, rope_scaling={"type": "linear", "factor": 4.0})
    older, newer = (language_model.load(folder).forward(IDS).logits for folder in (tmp_path, saved["llama-linear"]))
    torch.testing.assert_close(older, newer, atol=0, rtol=0)


def test_a_sliding_window_is_seen_in_the_weights_and_in_who_could_look(saved):
    arrays, _ = attention.sentence_head(language_model.load(saved["mistral"]), PROMPT + " and on it", 1, 1, None)
    weights, target, looking = arrays["attention"], int(arrays["target"]), int(arrays["looking"])
    places = range(len(weights))
    assert all((weights[i, j] > 0) == (0 <= i - j < 4) for i in places for j in places)
    assert arrays["model.window"] == 4
    assert arrays["rivals"] == len([i for i in places if max(target, 1) <= i < target + 4 and i != looking])


def test_with_a_cache_nothing_changes(saved):
    for name in ("gpt2", "qwen3", "gemma2"):
        model = language_model.load(saved[name])
        whole, cache, at = model.forward(IDS, keep=("logits", "attention")), model.new_cache(), 0
        for step in (3, 1, 4):
            part = model.forward(IDS[at : at + step], cache, keep=("logits",))
            torch.testing.assert_close(part.logits, whole.logits[at : at + step], atol=1e-4, rtol=1e-4)
            at += step
        assert cache.length == len(IDS)


def test_multiplications_are_counted_in_every_expert(saved):
    """Of a mixture's four experts each token takes two: three matrices of 32 × 48 each (twice), beside everything else."""
    _, mixture = counted_pass(language_model.load(saved["mixtral"]), IDS)
    _, plain = counted_pass(language_model.load(saved["mistral"]), IDS)
    gate = 32 * 4
    assert mixture - plain == 2 * len(IDS) * (3 * 32 * 48 + gate)


def test_half_precision_shards_and_pickled_tensors_are_read(tmp_path):
    save(DECODERS["llama"](), tmp_path / "whole").to(torch.bfloat16).save_pretrained(tmp_path / "parts", max_shard_size="20KB")
    (tmp_path / "pickled").mkdir()
    torch.save(load_file_all(tmp_path / "parts"), tmp_path / "pickled" / "pytorch_model.bin")
    rounded = direct(tmp_path / "whole")
    with torch.no_grad():
        for weight in rounded.parameters():
            weight.copy_(weight.bfloat16())
        expected = rounded(torch.tensor([IDS])).logits[0]
    for name in ("parts", "pickled"):
        folder = tmp_path / name
        for file in ("config.json", "tokenizer.json"):
            (folder / file).write_bytes((tmp_path / "whole" / file).read_bytes())
        assert not (folder / "model.safetensors").exists()
        torch.testing.assert_close(language_model.load(folder).forward(IDS).logits, expected, atol=1e-4, rtol=1e-4)


def load_file_all(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


# Tokens --------------------------------------------------------------------------------------------------------


def test_ids_beyond_the_tokenizer_show_their_number(saved):
    model = language_model.load(saved["qwen2"])
    last = VOCABULARY - 1
    assert model.tokenizer.size < last
    assert model.token_texts([*model.encode(" token"), last]) == [" token", f"#{last}"]
    assert model.decode([last, *model.encode("The cat"), last, last]) == f"#{last}The cat#{last}#{last}"


@pytest.mark.parametrize("name", ["qwen2", "gpt2", "gemma", "llama"])
def test_the_rules_are_those_of_the_file_and_of_the_library(saved, name):
    """Where the directory was saved with its tokenizer, both read alike; and never by rules of the architecture's own."""
    own = language_model.load(saved[name])
    assert own.encode("It cost 1984 euros, didn’t it?") == Tokenizer.toy().encode("It cost 1984 euros, didn’t it?")


def test_markers_around_a_text_are_those_of_the_library(saved, tmp_path):
    from tokenizers import processors

    save(DECODERS["llama"](), tmp_path)
    pipeline = Tokenizer.toy().pipeline
    pipeline.add_special_tokens(["<s>", "</s>"])
    pipeline.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", pipeline.token_to_id("<s>"))])
    library = transformers.PreTrainedTokenizerFast(tokenizer_object=pipeline, bos_token="<s>", eos_token="</s>")
    library.save_pretrained(tmp_path)
    model = language_model.load(tmp_path)
    assert model.encode(PROMPT) == transformers.AutoTokenizer.from_pretrained(tmp_path)(PROMPT)["input_ids"]
    assert model.encode(PROMPT)[0] == pipeline.token_to_id("<s>")
    assert model.tokenizer.end_ids == {pipeline.token_to_id("</s>")}  # the model names none: its tokenizer's


def test_a_text_ends_where_the_librarys_own_does(tmp_path):
    save(DECODERS["llama"](), tmp_path)
    free = generate(language_model.load(tmp_path), PROMPT, 8, Sampling(top_k=1), 0)
    first, third = int(free["drawn_ids"][0]), int(free["drawn_ids"][2])
    never = next(number for number in range(VOCABULARY) if number not in free["drawn_ids"])
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [never, third]}))
    model = language_model.load(tmp_path)
    assert model.tokenizer.end_ids == {never, third}
    trace = generate(model, PROMPT, 8, Sampling(top_k=1), 0)
    expected = 1 if first == third else 2 if free["drawn_ids"][1] == third else 3
    assert (trace["step_count"], trace["ended"]) == (expected, 1)
    prompt = torch.tensor([model.encode(PROMPT)])
    whole = direct(tmp_path).generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=8, do_sample=False, pad_token_id=0)
    assert whole[0].tolist() == trace["ids"].tolist()
    (tmp_path / "generation_config.json").unlink()
    edit(tmp_path, eos_token_id=first)
    assert language_model.load(tmp_path).tokenizer.end_ids == {first}


# What there is not -----------------------------------------------------------------------------------------------


def test_a_model_without_attention_generates_without_a_cache(tmp_path):
    save(transformers.MambaConfig(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, state_size=4), tmp_path)
    model = language_model.load(tmp_path)
    assert model.new_cache() is None
    trace = generate(model, PROMPT, 4, Sampling(top_k=1), 0)
    prompt = torch.tensor([model.encode(PROMPT)])
    assert trace["ids"].tolist() == direct(tmp_path).generate(prompt, max_new_tokens=4, do_sample=False)[0].tolist()
    assert (trace["caches"], trace["total_ratio"], trace["cache_difference"].max()) == (0, 1, 0)
    for problem in (lambda: attention.sentence_head(model, PROMPT, 1, 1, None), lambda: model.forward(IDS, keep=("attention",))):
        with pytest.raises(ParameterError, match=r"has no attention") as error:
            problem()
        assert "\n" not in str(error.value)


def test_what_goes_to_a_sink_is_told(tmp_path):
    sizes = {name: size for name, size in SIZES.items() if not name.endswith("token_id")}
    save(transformers.GptOssConfig(**sizes, head_dim=8, num_local_experts=2, num_experts_per_tok=1), tmp_path)
    model = language_model.load(tmp_path)
    arrays, _ = attention.sentence_head(model, PROMPT, 1, 2, None)
    assert arrays["model.sink"] == pytest.approx(1 - arrays["attention"].sum(axis=-1).min(), abs=1e-4)
    assert arrays["model.sink"] > 0.01
    assert attention.sentence_head(language_model.toy(), PROMPT, 1, 2, None)[0]["model.sink"] == 0


@pytest.mark.parametrize("name", ["gemma2", "qwen2"])
def test_caps_are_told_and_kept(saved, name):
    model = language_model.load(saved[name])
    assert (model.config.score_cap, model.config.logit_cap) == ((0.5, 1.5) if name == "gemma2" else (0, 0))
    most = model.forward(IDS).logits.abs().max()
    assert (most <= 1.5) == (name == "gemma2")
    assert generate(model, PROMPT, 2, Sampling(), 0)["logit_cap"] == model.config.logit_cap


def test_only_a_sliding_window_is_called_one():
    even = torch.ones(6, 6).tril()
    assert attention.window_of(even) == 0
    for window in (1, 2, 5):
        assert attention.window_of(even - torch.ones(6, 6).tril(-window)) == window
    blocks = torch.block_diag(torch.ones(3, 3), torch.ones(3, 3)).tril()  # chunks
    assert attention.window_of(blocks) == attention.window_of(even * torch.tensor([1.0, 0, 1, 1, 1, 1])) == 0


SMALL = {"vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d: save(transformers.BertConfig(**SMALL), d), "bert reads in both directions"),
        (lambda d: save(transformers.BertConfig(**SMALL), d, cls=transformers.BertModel), "the weights lack cls"),
        (
            lambda d: save(
                transformers.T5Config(vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0),
                d, cls=transformers.T5ForConditionalGeneration,
            ),
            "config.json: t5 is an encoder with a decoder",
        ),
        (lambda d: save(transformers.ViTConfig(**{**SMALL, "vocab_size": None}), d, cls=transformers.ViTModel), "config.json: vit is no model that"),
    ],
    ids=["bert", "bert-without-head", "t5", "vit"],
)  # fmt: skip
def test_what_continues_no_text_is_refused(make, said, tmp_path):
    make(tmp_path)
    refused(tmp_path, said)


def refused(folder: Path, said: str) -> None:
    with pytest.raises(ModelError, match=said) as error:
        language_model.load(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 260 + len(str(folder))


def rewrite(folder: Path, change) -> None:
    """Change the tensors of the weights file."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "model"
    save(DECODERS["llama"](), folder)
    return folder


QUERY = "model.layers.1.self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d: (d / "config.json").unlink(), "has no config.json"),
        (lambda d: (d / "config.json").write_text("{"), "config.json: cannot be read as a JSON table"),
        (lambda d: (d / "config.json").write_text("7"), "config.json: cannot be read as a JSON table"),
        (lambda d: (d / "config.json").write_bytes(b"\xff\xfe"), "config.json: cannot be read as a JSON table"),
        (lambda d: (d / "config.json").write_text("{}"), "config.json: has no model_type"),
        (lambda d: edit(d, model_type="gpt-17"), "config.json: the transformers library knows no model_type 'gpt-17'$"),
        (lambda d: edit(d, model_type="mine", auto_map={"AutoConfig": "mine.Mine"}), "code of its own, which it asks for, is never run"),
        (lambda d: edit(d, num_attention_heads="four"), "config.json: makes no model"),
        (lambda d: edit(d, num_attention_heads=0), "config.json"),
        (lambda d: edit(d, num_key_value_heads=3), "config.json"),
        (lambda d: edit(d, hidden_act="softmix"), "config.json"),
        (lambda d: edit(d, rope_parameters={"rope_type": "spiral", "factor": 2.0, "rope_theta": 1e4}), "config.json"),
        (lambda d: edit(d, rope_parameters={"rope_type": "linear", "rope_theta": 1e4}), "config.json"),
        (lambda d: edit(d, quantization_config={"quant_method": "gptq", "bits": 4}), "config.json: has a quantization_config"),
        (lambda d: edit(d, num_hidden_layers=3), r"the weights lack model.layers.2\..* and \d+ more"),
        (lambda d: edit(d, num_hidden_layers=1), r"the weights have what config.json knows nothing of: model.layers.1\."),
        (lambda d: edit(d, intermediate_size=41), r"another shape than config.json says of model.layers.0\.mlp"),
        (lambda d: rewrite(d, lambda w: w.pop(QUERY)), f"the weights lack {QUERY}$"),
        (lambda d: rewrite(d, lambda w: w.update({"scales": torch.ones(3)})), "knows nothing of: scales$"),
        (lambda d: rewrite(d, lambda w: w.update({QUERY: w[QUERY].to(torch.int8)})), rf"{QUERY} is quantised \(I8\)"),
        (lambda d: rewrite(d, lambda w: w.update({QUERY: w[QUERY].to(torch.float8_e4m3fn)})), rf"{QUERY} is quantised \(F8_E4M3\)"),
        (lambda d: (d / "adapter_config.json").write_text("{}"), "adapter_config.json: adapters are not read"),
        (lambda d: (d / "model.safetensors").unlink(), "has no model.safetensors"),
        (lambda d: (d / "model.safetensors").write_bytes(b"abc"), "model.safetensors: the weights cannot be read"),
        (lambda d: (d / "model.safetensors").rename(d / "pytorch_model.bin"), "pytorch_model.bin: the weights cannot be read"),
        (
            lambda d: (d / "model.safetensors").unlink() or (d / "model.safetensors.index.json").write_text('{"weight_map": {"a": "b.safetensors"}}'),
            r"index.json: names b.safetensors, which is not there",
        ),
        (lambda d: (d / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda d: (d / "tokenizer.json").write_text("[]"), "tokenizer.json: makes no tokenizer"),
        (lambda d: edit(d, vocab_size=7), "another shape than config.json says of"),
    ],
)  # fmt: skip
def test_a_spoiled_directory_is_refused_in_one_short_line(spoil, said, sound, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in sound.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    spoil(folder)
    refused(folder, said)


def test_an_unknown_name_is_refused_with_what_is_known(tmp_path):
    with pytest.raises(ModelError, match="known are smollm2, toy, or a directory"):
        language_model.load("smolm")
    with pytest.raises(ModelError, match="known are smollm2, toy, or a directory"):
        digest_of(tmp_path / "nowhere")


# Digest, and what is installed ------------------------------------------------------------------------------------


def test_the_digest_follows_every_file_of_the_directory(sound, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in sound.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    seen = {digest_of(sound), digest_of(folder)}
    assert seen == {language_model.load(folder).digest}
    changes = [
        lambda: edit(folder, rms_norm_eps=0.1),
        lambda: (folder / "generation_config.json").write_text('{"eos_token_id": 7}'),
        lambda: (folder / "tokenizer_config.json").write_text("{}"),
        lambda: (folder / "tokenizer_config.json").rename(folder / "special_tokens_map.json"),
        lambda: (folder / "more").mkdir() or (folder / "more" / "chat_template.jinja").write_text("x"),
        lambda: rewrite(folder, lambda weights: weights[QUERY].add_(1.0)),
        lambda: edit(folder, "tokenizer.json", padding={"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None,
                                                       "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}),
    ]  # fmt: skip
    for number, change in enumerate(changes):
        change()
        seen.add(digest_of(folder))
        assert len(seen) == number + 2, number
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    assert digest_of(folder) in seen


WITHOUT = """
import sys
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nowhere())
from pathlib import Path
{then}
"""


def run_without(blocked: list[str], then: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT.format(blocked=blocked, then=then)], capture_output=True, text=True)


def test_without_torch_and_transformers_the_digest_is_still_told(sound):
    told = run_without(["torch", "transformers"], f"from nnanim.sim.model_files import digest_of\nprint(digest_of({str(sound)!r}))")
    assert told.stdout.strip() == digest_of(sound), told.stderr


def test_without_the_extra_one_line_names_it(sound):
    command = ["numbers", "autoregressive-generation", "--set", f"model={sound}"]
    said = run_without(["transformers"], f"from nnanim.cli import main\nmain({command})")
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1 and "pip install 'nnanim[models]'" in said.stderr, said.stderr


def test_nothing_is_fetched(saved, monkeypatch):
    import socket

    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))
    assert isinstance(language_model.load(saved["phi"]), TransformersModel)
