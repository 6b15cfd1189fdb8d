# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of a chain: width is value, no text lies on another, no name does harm, and many are drawn as few."""

import re
from fractions import Fraction
from time import process_time

import pytest

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ProductiveChain
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.retained import retained
from protocol.practices.chains.pictures.canvas import CanvasFill
from protocol.practices.chains.pictures.change import change_picture
from protocol.practices.chains.pictures.networks import NetworksPictured, map_picture, networks_of
from protocol.practices.chains.pictures.pictured import ChainDrawing, ChainPictured
from protocol.practices.chains.pictures.segments import segments_picture
from protocol.practices.chains.pictures.tree import UNIT_PX, nearly_retained, tree_picture
from protocol.practices.chains.pictures.words import PICTURE_LANGUAGES, PictureLanguage, number_in, percent_in
from tests.protocol.practices.chains.mance import E, candidates, network
from tests.protocol.practices.chains.pictured import (
    HOSTILE,
    SVG,
    WORKED,
    many,
    numbers,
    outside_of,
    overlaps,
    read,
    texts_of,
    titled,
)

WIDTHS = (360, 1280)
MILL = founded(MissingLinks(network(), candidates()), [0])
NETWORKS = NetworksPictured(
    {"riacho": "Riacho", "serra": "Serra", "encants": "Els Encants"},
    {("riacho", "serra"): Fraction(1_200), ("serra", "riacho"): Fraction(300)},
    frozenset({frozenset({"serra", "encants"})}),
)


def all_of(shown: ChainPictured, language: PictureLanguage, width: int) -> list[ChainDrawing]:
    """Draw all four pictures of a chain."""
    return [
        segments_picture(shown, language, width, ["mill", "soap"]),
        tree_picture(shown, language, width),
        change_picture(shown, shown.chain, language, width, {"mill": "Moinho de farinha"}),
        map_picture(networks_of(shown, {"serra": "Serra", "encants": "Els Encants"}), language, width),
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", PICTURE_LANGUAGES)
def test_no_text_lies_on_another_in_any_language(width: int, language: PictureLanguage) -> None:
    for drawing in [*all_of(WORKED, language, width), *all_of(many(40), language, width)]:
        root = read(drawing.svg)
        assert len(texts_of(root)) > 3
        assert overlaps(root) == []
        assert outside_of(root) == []


@pytest.mark.parametrize("width", [320, 599, 600, 1600])
def test_no_text_lies_on_another_at_any_width(width: int) -> None:
    for seed in range(3):
        for drawing in all_of(many(5 + 60 * seed, seed), "fr", width):
            root = read(drawing.svg)
            assert overlaps(root) == [] and outside_of(root) == []
            assert root.attrib["width"] == str(width)


def test_the_width_of_a_flow_is_its_value() -> None:
    root = read(segments_picture(WORKED, "en", 1280).svg)
    scale = float(titled(root, "Households: 20,000").attrib["height"]) / 20_000
    assert scale == pytest.approx(300 / 20_000)  # the greatest stack is 300 px
    for said, value in (("Empório: 8,000", 8_000), ("Padaria: 3,000", 3_000), ("Hortas: 3,000", 3_000)):
        assert float(titled(root, said).attrib["height"]) == pytest.approx(value * scale, abs=0.011)
    for said, value in (("Households → Empório: 8,000", 8_000), ("Households → Padaria: 2,000", 2_000),
                        ("Empório → Hortas: 2,400", 2_400), ("Empório → Padaria: 1,000", 1_000)):  # fmt: skip
        path = numbers(titled(root, said).attrib["d"])
        # It begins at its upper corner; the last point but its own handles is the lower one at the same place.
        assert path[0] == path[-2]
        assert path[-1] - path[1] == pytest.approx(value * scale, abs=0.011)
    rent = numbers(titled(root, "Households, rent: 3,000").attrib["d"])
    assert rent[-1] - rent[1] == pytest.approx(3_000 * scale, abs=0.011)
    stays = titled(root, "Growers, stays: 2,100".replace("Growers", "Hortas"))
    assert float(stays.attrib["height"]) == pytest.approx(2_100 * scale, abs=0.011)
    assert stays.attrib["fill"] == CanvasFill.INSIDE == "#1F7A4D"
    assert float(titled(root, "Hortas, sold outside: 450").attrib["height"]) == pytest.approx(450 * scale, abs=0.011)


def test_turned_by_a_quarter_it_is_the_same_flow() -> None:
    wide, narrow = (segments_picture(WORKED, "en", width) for width in (1280, 360))
    root = read(narrow.svg)
    scale = float(titled(root, "Households: 20,000").attrib["width"]) / 20_000
    assert float(titled(root, "Empório: 8,000").attrib["width"]) == pytest.approx(8_000 * scale, abs=0.011)
    inside = {row for row in wide.rows if row[1] in ("Empório", "Padaria", "Hortas")}
    assert inside <= set(narrow.rows) and len(inside) == 5


def test_segments_that_nobody_serves_are_empty_and_leaks_fall_by_item() -> None:
    drawing = segments_picture(WORKED, "en", 1280, ["mill"])
    texts = texts_of(read(drawing.svg))
    assert texts.count("nobody yet") == 2  # service and credit
    assert {"flour 200", "flour 1,200", "rent 3,000", "pasta and oil 1,400", "missing: mill"} <= set(texts)
    assert "What falls leaves the network: 15,350 of 28,900 a month. 46.89% is bought inside." in texts
    assert sum(number(value) for _, what, value in drawing.rows if what.endswith("(outside)")) == 15_350


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_one_unit_is_followed_upstream_to_the_last_digit() -> None:
    drawing = tree_picture(WORKED, "en", 1280, E)
    root = read(drawing.svg)
    areas = [one for one in root.iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]
    high = {
        fill: sum(float(one.attrib["height"]) for one in areas if one.attrib["fill"] == fill) for fill in CanvasFill
    }
    assert high[CanvasFill.INSIDE] == pytest.approx(0.4727 * UNIT_PX, abs=0.1)
    assert high[CanvasFill.OUTSIDE] == pytest.approx(0.5273 * UNIT_PX, abs=0.1)
    shown = texts_of(root)
    assert {"0.30 Hortas", "0.125 Padaria", "0.15 income", "0.05 surplus", "0.20 cleaning", "0.175 pasta and oil"} <= {
        *shown
    }
    assert {"0.18 income", "0.09 inputs", "0.046 income", "0.05 flour"} <= {*shown}
    assert "Of 1.00, 0.4727 stay with people of the network and 0.5273 leave it." in shown
    assert ("1", "Hortas", "0.30", "inside") in drawing.rows


def test_the_green_of_a_tree_is_what_its_root_retains_however_deep_it_goes() -> None:
    shown = many(30, seed=4)
    stays = retained(shown.chain).stays
    near = nearly_retained(shown.chain)
    assert max(abs(near[name] - stays[name]) for name in stays) < 1e-8
    for name in list(stays)[:5]:
        root = read(tree_picture(shown, "es", 360, name).svg)
        green = [one for one in root.iter(f"{SVG}rect") if one.attrib.get("fill") == CanvasFill.INSIDE]
        high = sum(float(one.attrib["height"]) for one in green if one.find(f"{SVG}title") is not None)
        assert high == pytest.approx(float(stays[name]) * UNIT_PX, abs=0.3)


def test_of_households_too() -> None:
    root = read(tree_picture(WORKED, "fr", 360, HOUSEHOLDS).svg)
    assert {"0,40 Empório", "0,10 Padaria", "0,15 rent"} <= {*texts_of(root)}


def test_before_and_after_the_mill() -> None:
    drawing = change_picture(WORKED, MILL, "es", 1280, {"mill": "Molino"})
    texts = texts_of(read(drawing.svg))
    assert {"46,89\u00a0% → 52,25\u00a0%", "9,38\u00a0% → 84,38\u00a0%", "Qué cambia con Molino"} <= {*texts}
    assert "Se compra dentro el 52,25\u00a0% en vez del 46,89\u00a0%; salen 14.300 en vez de 15.350." in texts
    assert ("Toda la red", "Después", "15.650", "14.300", "52,25\u00a0%") in drawing.rows
    assert f'fill="{CanvasFill.TRANSITION}"' in drawing.svg


def test_networks_and_what_they_buy_of_each_other() -> None:
    drawing = map_picture(NETWORKS, "en", 1280)
    assert drawing.rows == (
        ("who", "to whom", "value"), ("Riacho", "Serra", "1,200"), ("Serra", "Riacho", "300"),
    )  # fmt: skip
    assert "stroke-dasharray" in drawing.svg  # a link over which nothing is bought yet
    shown = networks_of(many(60), {"serra": "Serra"})
    assert set(shown.names) == {"riacho", "serra", "encants"}
    world = many(60)
    home = {id: one.network for id, one in world.enterprises.items()} | {HOUSEHOLDS: ""}
    crossing = [value for pair, value in world.chain.inside.items() if home[pair[0]] != home[pair[1]]]
    assert sum(shown.flows.values()) == sum(crossing)


def test_many_networks_are_drawn_as_few() -> None:
    names = {f"n{at}": f"Rede {at}" for at in range(40)}
    flows = {(f"n{at}", f"n{(7 * at + 1) % 40}"): Fraction(at + 1) for at in range(40)}
    for width, most in ((360, 6), (1280, 12)):
        drawing = map_picture(NetworksPictured(names, flows), "pt", width)
        root = read(drawing.svg)
        assert f"e mais {41 - most}" in texts_of(root) and overlaps(root) == []
        assert len(drawing.svg) < 20_000


@pytest.mark.parametrize("width", WIDTHS)
def test_five_hundred_enterprises_fit_on_a_page_in_less_than_a_second(width: int) -> None:
    shown = many(500)
    begun = process_time()
    drawings = all_of(shown, "pt", width)
    assert process_time() - begun < 3  # 0.3 s as a rule
    for drawing in drawings:
        root = read(drawing.svg)
        assert overlaps(root) == [] and outside_of(root) == []
        assert len(drawing.svg) < 60_000
        assert float(root.attrib["height"]) < 2_000
    aggregated = [text for text in texts_of(read(drawings[0].svg)) if re.match(r"e mais \d+: ", text)]
    assert len(aggregated) == 4  # one in each segment but the households'
    alone = 2 if width == 360 else 5
    assert sum(int(re.findall(r"\d+", one)[0]) for one in aggregated) == 500 - 4 * alone


def test_names_do_no_harm() -> None:
    shown = many(12, names=HOSTILE)
    hostile: dict[str, str] = dict.fromkeys(("flour", "oil", "energy", "inputs"), HOSTILE[0])
    for width in WIDTHS:
        for drawing in all_of(ChainPictured(shown.chain, shown.enterprises, hostile, HOSTILE[1]), "en", width):
            root = read(drawing.svg)
            tags = {one.tag.removeprefix(SVG) for one in root.iter()}
            assert tags <= {"svg", "title", "desc", "defs", "pattern", "rect", "circle", "path", "line", "text"}
            assert not any(name.startswith("on") or name == "style" for one in root.iter() for name in one.attrib)
            assert "\u202e" not in drawing.svg and "<script" not in drawing.svg and overlaps(root) == []


def test_who_does_not_see_it_is_told_the_same() -> None:
    for drawing in all_of(WORKED, "pt", 360):
        root = read(drawing.svg)
        assert root.attrib["role"] == "img" and root.attrib["aria-labelledby"] == "title desc"
        assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc")
        assert len({len(row) for row in drawing.rows}) == 1
    assert [len(drawing.rows) for drawing in all_of(WORKED, "pt", 360)] == [19, 17, 11, 1]


def test_in_black_and_white_each_fill_has_its_own_pattern() -> None:
    root = read(segments_picture(many(20, seed=2), "en", 1280).svg)
    patterns = {one.attrib["id"] for one in root.iter(f"{SVG}pattern")}
    assert patterns == {"transition", "outside"}
    filled = [one for one in root.iter() if one.attrib.get("fill") in {CanvasFill.TRANSITION, CanvasFill.OUTSIDE}]
    assert filled and all(one.attrib["stroke"] == "#15211E" for one in filled)


def test_a_chain_of_nobody_is_drawn_too() -> None:
    empty = ChainPictured(ProductiveChain({}))
    for width in WIDTHS:
        for drawing in all_of(empty, "en", width):
            read(drawing.svg)
    texts = texts_of(read(segments_picture(empty, "en", 1280).svg))
    assert texts.count("nobody yet") == 5 and "Nobody has written yet what is bought, and of whom." in texts


def test_numbers_are_written_as_each_language_does() -> None:
    value = Fraction("1204.25")
    written = [number_in(value, language) for language in PICTURE_LANGUAGES]
    assert written == ["1204,25", "1.204,25", "1,204.25", "1\u00a0204,25"]
    assert [number_in(Fraction(15_350), language) for language in PICTURE_LANGUAGES] == [
        "15.350", "15.350", "15,350", "15\u00a0350",
    ]  # fmt: skip
    assert number_in(Fraction(-1, 3), "en") == "−0.33" and number_in(Fraction(-1, 1000), "en") == "0"
    assert percent_in(Fraction(13_550, 28_900), "fr") == "46,89\u00a0%"
