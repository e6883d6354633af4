"""The walk from a text to a result: abstentions, offsets, and the same answer every time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textpolitics import (
    Document,
    Model,
    ReadError,
    Reason,
    Result,
    Status,
    UsageError,
    frame,
    load,
    passage_frame,
)
from textpolitics.decide import ranked
from textpolitics.features import TermFeatures
from textpolitics.nlp import Tokenizer

REPOSITORY = Path(__file__).resolve().parent.parent
EXAMPLES = REPOSITORY / "examples"
EXPECTED = json.loads((EXAMPLES / "expected.json").read_text("utf-8"))

TEA = "We drink the leaves hot with milk and we call this brew the best of the morning."
COFFEE = "Roast the beans dark and grind them late, for nothing wakes the town like it."
QUAY = "Ships lay at the quay and the crane swung over the docks."

TEXTS = st.text() | st.lists(
    st.sampled_from(
        [TEA, QUAY, "\n\n", "\r\n", "\x00", "😀 𝕿𝖊𝖆", "Bei-\nspiel", "¹ ﬁne\u00ad", "42\n"]
    )
    | st.text(max_size=30),
    max_size=30,
).map(" ".join)


@pytest.fixture(scope="module")
def shipped_model() -> Model:
    """The default model that comes with the package."""
    return load("fast")


def _labels(result: Result) -> dict[str, object]:
    return {name: axis.label for name, axis in result.axes.items()}


# Abstaining


@pytest.mark.parametrize("words", [1, 29])
def test_text_of_fewer_than_30_words_is_too_short(toy_model: Model, words: int) -> None:
    result = toy_model.classify(" ".join((TEA.split() * 3)[:words]))
    assert (result.status, result.reason) == ("abstained", "too_short")
    assert (result.words, result.detail) == (words, f"{words} words")
    for axis in result.axes.values():
        assert (axis.label, axis.reason, axis.confidence) == (None, Reason.TOO_SHORT, None)
        assert axis.scores


def test_text_of_30_words_is_judged(toy_model: Model) -> None:
    result = toy_model.classify(" ".join((TEA.split() * 3)[:30]))
    assert (result.status, result.axes["taste"].label) == ("ok", "tea")


@pytest.mark.parametrize("text", ["", " \n\t\r\n ", "\ufeff", "… — !!! ***", "\x00"])
def test_text_without_a_word_has_no_text(toy_model: Model, text: str) -> None:
    result = toy_model.classify(text)
    assert (result.status, result.reason, result.words) == ("abstained", "no_text", 0)
    assert {axis.reason for axis in result.axes.values()} == {Reason.NO_TEXT}
    assert sum(result.axes["taste"].scores.values()) == pytest.approx(1)


FOREIGN = {
    "French": "Les ouvrières de la biscuiterie se sont réunies hier soir devant la porte et ont "
    "décidé de ne pas reprendre le travail tant que la prime de nuit ne sera pas payée. Venez "
    "tous jeudi à la salle de la Coopérative avec vos voisins d'atelier.",
    "German": "Die Arbeiterinnen der Spinnerei haben gestern beschlossen, die Arbeit "
    "niederzulegen, bis der alte Lohn wieder gezahlt wird. Wir fordern alle auf, am Sonntag in "
    "den Saal zu kommen und ihre Nachbarn mitzubringen, denn allein kann hier keiner etwas.",
    "Spanish": "Los obreros de la fábrica se reunieron anoche en la plaza y decidieron no volver "
    "al trabajo hasta que se pague el jornal completo. Llamamos a todos los vecinos del barrio a "
    "que vengan el domingo y traigan a sus familias.",
    "Italian": "Gli operai della fabbrica si sono riuniti ieri sera nella piazza e hanno deciso "
    "di non tornare al lavoro finché non sarà pagato il salario intero. Chiamiamo tutti gli "
    "abitanti del quartiere a venire domenica con le loro famiglie.",
    "Dutch": "De arbeiders van de fabriek kwamen gisteren bijeen op het plein en besloten het "
    "werk niet te hervatten voordat het volle loon wordt betaald. Wij roepen alle buren uit de "
    "wijk op om zondag met hun gezinnen te komen.",
    "Polish": "Robotnicy fabryki zebrali się wczoraj wieczorem na placu i postanowili nie wracać "
    "do pracy, dopóki nie zostanie wypłacona cała płaca. Wzywamy wszystkich mieszkańców "
    "dzielnicy, aby przyszli w niedzielę i przyprowadzili swoich sąsiadów oraz znajomych.",
    "Swedish": "Arbetarna vid fabriken samlades i går kväll på torget och beslutade att inte "
    "återgå till arbetet förrän hela lönen har betalats ut. Vi uppmanar alla grannar i kvarteret "
    "att komma på söndag med sina familjer.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_text_in_another_language_abstains(shipped_model: Model, language: str) -> None:
    result = shipped_model.classify(FOREIGN[language])
    assert (result.status, result.reason) == (Status.ABSTAINED, Reason.LANGUAGE)
    assert {axis.label for axis in result.axes.values()} == {None}
    assert result.detail


ENGLISH_LISTS = {
    "sentence": "We demand: the eight-hour day; no night work for children; equal pay for women; "
    "free schools and free school meals; cheap and decent houses; the right to strike; the vote "
    "for all; pensions at sixty; and an end to the war.",
    "bullets": "Our demands:\n\n- Eight hours\n- Equal pay for equal work\n- Free school meals\n"
    "- No evictions\n- Rent control\n- Public housing\n- Abolition of the House of Lords\n"
    "- Pensions at sixty\n- Nationalisation of the mines\n- Land reform\n- An end to the war\n"
    "- Free hospitals\n- Votes at eighteen",
    "agenda": "Agenda\n1. Apologies\n2. Minutes of the last meeting\n3. Report of the delegates\n"
    "4. The dispute at the dye works\n5. Election of two to the trades council\n6. Collection "
    "for the miners\n7. Any other business\nAll members are asked to be there by seven.",
}


@pytest.mark.parametrize("kind", ENGLISH_LISTS)
def test_english_list_is_not_taken_for_another_language(shipped_model: Model, kind: str) -> None:
    result = shipped_model.classify(ENGLISH_LISTS[kind])
    assert result.words >= 30
    assert result.reason is not Reason.LANGUAGE
    assert Reason.LANGUAGE not in {axis.reason for axis in result.axes.values()}


def test_english_list_of_bare_nouns_is_not_taken_for_another_language(shipped_model: Model) -> None:
    demands = (
        "Programme\n1. Higher wages\n2. Shorter hours\n3. Free schools\n4. Cheap houses\n"
        "5. Land reform\n6. Public ownership of mines, railways and banks\n7. Pensions at sixty\n"
        "8. Votes for women\n9. Free hospitals\n10. Equal pay\n11. Union recognition"
    )
    assert shipped_model.classify(demands).reason is not Reason.LANGUAGE


def test_text_of_words_that_the_model_does_not_know_has_no_evidence(toy_model: Model) -> None:
    """The toy model knows few words but "the", "of", "in" and the like."""
    odd = "The gryphon of Zembla ate seventeen purple umbrellas beside her uncle's bicycle. "
    result = toy_model.classify(odd * 4)
    assert (result.status, result.reason) == ("abstained", "no_evidence")
    assert {axis.label for axis in result.axes.values()} == {None}


def _hesitant(model: Model) -> Model:
    """The same model with a threshold that an even mixture cannot pass."""
    threshold = {head.axis: dict.fromkeys(head.labels, 0.8) for head in model.heads}
    return replace(model, rules=replace(model.rules, threshold=threshold))


def test_two_labels_too_close_are_ambiguous_and_named(toy_model: Model) -> None:
    result = _hesitant(toy_model).classify(f"{TEA} {COFFEE} {QUAY}")
    axis = result.axes["taste"]
    assert (axis.label, axis.reason, axis.confidence) == (None, Reason.AMBIGUOUS, None)
    assert result.detail == "taste: between tea and coffee"
    assert (result.status, result.reason) == (Status.OK, None)
    assert result.axes["topics"].label == ("harbour",)


def test_text_with_no_label_on_its_only_axis_abstains_with_that_reason(toy_model: Model) -> None:
    only = replace(_hesitant(toy_model), heads=toy_model.heads[:1])
    result = only.classify(f"{TEA} {COFFEE}")
    assert (result.status, result.reason) == (Status.ABSTAINED, Reason.AMBIGUOUS)


def test_text_ambiguous_on_one_axis_and_empty_on_the_other_abstains(toy_model: Model) -> None:
    """That no topic was found is no label, so no axis has one."""
    result = _hesitant(toy_model).classify(f"{TEA} {COFFEE}")
    assert result.axes["topics"].label == ()
    assert (result.status, result.reason) == (Status.ABSTAINED, Reason.AMBIGUOUS)


def test_label_that_takes_no_position_is_a_label(toy_model: Model) -> None:
    neither = "The meeting was opened at seven and the minutes of the last one were read. "
    result = toy_model.classify(neither * 3)
    assert (result.status, result.reason) == ("ok", None)
    assert result.axes["taste"].label == "neither"
    assert result.axes["taste"].confidence == result.axes["taste"].scores["neither"]


# Passages


def test_document_logits_are_the_weighted_sum_of_those_of_its_passages_pooled(
    shipped_model: Model,
) -> None:
    result = shipped_model.classify(EXAMPLES / "two-roads.txt")
    assert len(result.passages) > 10
    for name, axis in result.axes.items():
        weights = np.array([passage.weights[name] for passage in result.passages])
        scores = np.array([list(p.axes[name].scores.values()) for p in result.passages])
        assert weights.sum() == pytest.approx(1)
        pooling = shipped_model.rules.pooling[name]
        breadth = 1 - (weights**2).sum()
        assert pooling.slope * breadth > 0.1
        # Each row but for a number that cancels out.
        logits = (1 + pooling.slope * breadth) * (weights @ np.log(scores))
        logits[list(axis.scores).index("none")] -= pooling.silence * breadth
        powers = np.exp(logits - logits.max())
        assert powers / powers.sum() == pytest.approx(list(axis.scores.values()))


def test_passage_of_fewer_than_30_words_has_scores_but_no_label(toy_model: Model) -> None:
    (passage,) = toy_model.classify(TEA).passages
    assert {(axis.label, axis.reason) for axis in passage.axes.values()} == {
        (None, Reason.TOO_SHORT)
    }
    assert passage.weights == {"taste": 1.0, "topics": 1.0}


AWKWARD = {
    "CRLF": f"{TEA}\r\n\r\n{QUAY}\r\n" * 6,
    "astral": f"😀 𝕿𝖊𝖆 {TEA} 🚢\n\n" * 6,
    "NUL": f"{TEA}\x00 \x00{QUAY}\n\n" * 6,
    "lone surrogate": f"{TEA} \ud83d {QUAY}\n\n" * 6,
    "broken lines": TEA.replace("morning", "morn-\ning").replace("brew", "b\u00adrew") * 6,
    "ligatures": TEA.replace("the best", "ﬁne ﬂow the best") * 6,
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_json_offsets_of_awkward_text_slice_it_exactly(toy_model: Model, kind: str) -> None:
    text = AWKWARD[kind]
    data = json.loads(json.dumps(toy_model.classify(text).to_dict(passages=True)))
    assert data["passages"]
    for passage in data["passages"]:
        assert text[passage["start"] : passage["end"]] == passage["text"]


@settings(deadline=None)
@given(TEXTS)
@example("\r\n\x00\n\n😀\r")
def test_any_text_gives_a_result_with_probabilities_and_exact_offsets(
    toy_model: Model, text: str
) -> None:
    result = toy_model.classify(text)
    judgements = [result.axes, *(passage.axes for passage in result.passages)]
    for axes in judgements:
        assert sum(axes["taste"].scores.values()) == pytest.approx(1)
        assert all(0 <= s <= 1 for axis in axes.values() for s in axis.scores.values())
        for axis in axes.values():
            assert (axis.label is None) == (axis.reason is not None)
    for passage in result.passages:
        assert text[passage.start : passage.end] == passage.text
    if result.passages:
        for name in result.axes:
            assert sum(p.weights[name] for p in result.passages) == pytest.approx(1)
    assert result.words == sum(passage.words for passage in result.passages)
    assert (result.status is Status.OK) == (result.reason is None)
    assert json.loads(json.dumps(result.to_dict()))["status"] == result.status


# The result as data


def test_json_has_the_keys_of_the_contract_in_order(toy_model: Model) -> None:
    data = toy_model.classify(TEA * 3).to_dict(passages=True)
    assert list(data) == [
        "format", "source", "status", "reason", "detail", "ocr_quality", "axes", "passages",
        "model", "scheme",
    ]  # fmt: skip
    assert "passages" not in toy_model.classify(TEA * 3).to_dict()
    assert data["format"] == 1
    assert list(data["axes"]) == ["taste", "topics"]
    assert list(data["axes"]["taste"]) == ["label", "reason", "confidence", "scores"]
    assert list(data["axes"]["taste"]["scores"]) == ["tea", "coffee", "neither"]
    assert list(data["passages"][0]) == ["start", "end", "page", "text", "axes"]
    assert data["model"] == {"name": "toy", "version": toy_model.version}
    assert data["scheme"] == {"name": "toy", "version": "1"}


def test_json_of_an_axis_of_many_labels_holds_a_list(toy_model: Model) -> None:
    with_topic = toy_model.classify(f"{TEA} {QUAY} " * 3).to_dict()["axes"]["topics"]
    without = toy_model.classify(f"{TEA} " * 3).to_dict()["axes"]["topics"]
    short = toy_model.classify(TEA).to_dict()["axes"]["topics"]
    assert with_topic["label"] == ["harbour"]
    assert (without["label"], without["reason"], without["confidence"]) == ([], None, None)
    assert (short["label"], short["reason"]) == (None, "too_short")


def test_frame_has_a_row_a_text_and_the_scores_of_all_of_them(toy_model: Model) -> None:
    table = frame(toy_model.label([f"{TEA} {QUAY} " * 3, TEA]), toy_model.scheme)
    assert table["status"].tolist() == ["ok", "abstained"]
    assert table["taste"].tolist()[0] == "tea"
    assert table["taste"].isna().tolist() == [False, True]
    assert table["topics"].tolist()[0] == "harbour"
    assert table["taste_reason"].tolist()[1] == "too_short"
    assert list(table.columns[-3:]) == [
        "topics_confidence", "topics_score_harbour", "topics_score_weather"
    ]  # fmt: skip
    scores = table[[f"taste_score_{name}" for name in ("tea", "coffee", "neither")]]
    assert scores.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_passage_frame_has_a_row_a_passage(toy_model: Model) -> None:
    texts = {"long": f"{TEA} {QUAY} " * 20, "short": TEA}
    documents = [Document(text, name, "txt") for name, text in texts.items()]
    table = passage_frame(toy_model.label(documents), toy_model.scheme)
    assert table["source"].value_counts().to_dict() == {"long": 4, "short": 1}
    assert table["passage"].tolist() == [1, 2, 3, 4, 1]
    for row in table.to_dict("records"):
        assert texts[row["source"]][row["start"] : row["end"]] == row["text"]
    assert table["taste"].tolist()[:4] == ["tea"] * 4
    assert table["taste_reason"].tolist()[4] == "too_short"


def test_passage_frame_without_passages_has_its_columns_all_the_same(toy_model: Model) -> None:
    full = passage_frame([toy_model.classify(TEA)], toy_model.scheme)
    empty = passage_frame([toy_model.classify("")], toy_model.scheme)
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


# The same answer every time


def _documents() -> list[str]:
    files = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".txt", ".md"))
    return [path.read_text("utf-8") for path in files]


def test_result_is_the_same_in_any_order_batch_and_repetition(shipped_model: Model) -> None:
    texts = _documents()
    alone = [shipped_model.classify(text) for text in texts]
    assert list(shipped_model.label(texts)) == alone
    assert list(shipped_model.label(texts[::-1])) == alone[::-1]
    assert [shipped_model.classify(text) for text in texts] == alone
    assert [load("fast").classify(text) for text in texts[:2]] == alone[:2]


def test_result_is_the_same_with_a_table_of_tokens_that_is_nearly_full(
    shipped_model: Model,
) -> None:
    text = _documents()[0]
    distinct = len(set(text.split()))
    tight = Tokenizer(max_chunks=distinct // 2)
    features = TermFeatures(shipped_model.features.vocabulary, tight)
    model = replace(shipped_model, features=features)
    expected = shipped_model.classify(text)
    assert [model.classify(text), model.classify(text)] == [expected, expected]


def test_text_path_and_document_are_judged_alike(toy_model: Model, tmp_path: Path) -> None:
    text = f"{TEA} {QUAY}\n" * 4
    path = tmp_path / "text.txt"
    path.write_text(text, "utf-8")
    by_text = toy_model.classify(text)
    assert by_text.named("x") == toy_model.classify(path).named("x")
    assert by_text.named("x") == toy_model.classify(Document(text, "x", "txt"))
    assert toy_model.classify(path).source == str(path)


def test_path_of_no_file_is_a_read_error(toy_model: Model, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        toy_model.classify(tmp_path / "nothing.txt")
    assert caught.value.reason is Reason.MISSING


def test_texts_are_judged_one_by_one_as_they_come(toy_model: Model) -> None:
    taken: list[int] = []

    def texts() -> object:
        for number in range(3):
            taken.append(number)
            yield TEA

    results = toy_model.label(texts())  # type: ignore[arg-type]
    assert taken == []
    next(results)
    assert taken == [0]


# Real texts


SEED = {"tradition": "from-below", "strategy": "mass-action"}


@pytest.fixture(scope="module", params=["accurate", "fast"])
def real_model(request: pytest.FixtureRequest) -> Model:
    return load(request.param)


@pytest.mark.parametrize("name", ["pamphlet", "policy"])
def test_seed_is_likeliest_from_below_and_mass_action_and_never_labelled_otherwise(
    real_model: Model, seeds: dict[str, Path], name: str
) -> None:
    result = real_model.classify(seeds[name])
    assert {axis: ranked(r.scores)[0] for axis, r in result.axes.items()} == SEED
    assert {a: label for a, label in _labels(result).items() if label not in (None, SEED[a])} == {}


def test_no_part_of_the_policy_is_labelled_with_what_it_describes(
    real_model: Model, seeds: dict[str, Path]
) -> None:
    """It describes three other strategies in order to reject them, a paragraph each."""
    result = real_model.classify(seeds["policy"])
    paragraphs = [p for p in seeds["policy"].read_text("utf-8").split("\n") if len(p.split()) > 30]
    assert len(paragraphs) >= 8
    for part in (*result.passages, *map(real_model.classify, paragraphs)):
        assert part.axes["strategy"].label in (None, "none", "mass-action")
        assert part.axes["tradition"].label in (None, "none", "from-below")


def test_policy_is_labelled_by_the_default_model(seeds: dict[str, Path]) -> None:
    assert _labels(load().classify(seeds["policy"])) == SEED


@pytest.mark.parametrize("name", ["movement-policy.html", "two-roads.txt"])
def test_example_in_the_shape_of_a_seed_has_its_labels_in_front(name: str) -> None:
    """By the default model: one that counts words takes a rival's case for the text's own."""
    axes = load().classify(EXAMPLES / name).axes
    assert {axis: ranked(r.scores)[0] for axis, r in axes.items()} == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_example_is_never_labelled_against_its_writer(real_model: Model, name: str) -> None:
    given = _labels(real_model.classify(EXAMPLES / name))
    assert given.keys() == EXPECTED[name].keys()
    assert {a: label for a, label in given.items() if label not in (None, EXPECTED[name][a])} == {}


def test_label_makes_a_failed_result_of_what_it_cannot_read(toy_model: Model) -> None:
    tea = "We drink the leaves hot with milk. " * 12
    inputs: list[object] = [tea, Path("no-such-file.txt"), None, float("nan"), tea]
    results = list(toy_model.label(inputs))  # type: ignore[arg-type]
    reasons = [result.reason for result in results]
    assert reasons == [None, Reason.MISSING, Reason.BAD_RECORD, Reason.BAD_RECORD, None]
    assert results[0] == results[4]
    assert "not float" in str(results[3].detail)


def test_language_that_spacy_does_not_have_is_bad_use() -> None:
    with pytest.raises(UsageError, match="xx9"):
        Tokenizer("xx9")
