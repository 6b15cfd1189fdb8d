# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes the sheets of `mutirao demo --chains`: three invented networks, drawn from a seed, that add up.

`python -m tests.cli.made_chains` writes them anew. Codes are those of CPC 2.1 and ISIC Rev. 4; names, quantities and
prices are invented. What an enterprise turns over is what it sells, and its wages are what it does not spend or keep.
"""

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parents[2] / "cli" / "demo_chains"
SEED = 1_524

# key, class of ISIC, segment, item, how many, what it buys in hundredths of its turnover, by item.
KINDS = """
horta      0113 production 01219 4 34659:14 01260:3 17100:3 65119:4
tomate     0113 production 01234 2 34659:13 01260:4 42921:2 65119:5
mandioca   0113 production 01520 2 34659:9 42921:3 65119:6
mel        0149 production 02910 1 27150:6 37221:5 65119:4
ovos       0146 production 02312 2 23319:32 17100:4 65119:4
leite      0141 production 02211 2 23319:27 17100:5 65119:6
queijo     1050 production 22251 1 02211:38 17100:5 35322:4 65119:4
padaria    1071 production 23490 2 23110:26 02312:5 22251:4 17100:8 35322:2
massas     1074 production 23721 1 23110:29 02312:11 17100:5 27150:2
doces      1030 production 21494 1 23520:19 01234:11 37221:6 17100:5
cafe       1079 production 23911 1 01610:36 27150:4 17100:5 65119:4
roupas     1410 production 28236 2 26690:34 17100:4 65119:3
moveis     3100 production 38140 1 31101:31 42921:5 17100:5
ceramica   2393 production 37221 1 03132:12 17100:7 65119:5
emporio    4711 commerce   23161 2 01219:14 01234:8 23490:9 22251:7 21494:4 23911:6 35322:12 23710:13 32193:5
feira      4781 commerce   01290 2 01219:21 01520:14 02312:9 02910:4 27150:4 65119:4
bazar      4771 commerce   28233 1 28236:32 29330:14 27150:5 65119:2
quitanda   4721 commerce   01701 1 01520:12 01234:9 02312:7 21494:6 35322:9 23520:9
cantina    5610 service    63310 2 01219:8 22251:5 23490:5 23721:6 01701:9 35322:4 17100:4
frete      4923 service    65119 1 87141:7 33311:21
oficina    9529 service    87290 1 42921:9 49921:16 17100:3
limpeza    8121 service    85330 1 35322:14 38993:4 28236:4
contas     6920 service    82222 1 83132:6 32700:3 17100:2
computador 9511 service    83132 1 45250:17 17100:4
lavanderia 9601 service    97130 1 35322:15 17100:13
escola     8549 service    92919 1 32700:6 63310:5 17100:3
cuidados   8690 service    93192 1 35260:11 97130:3 65119:2
banco      6492 credit     71135 1 82222:9 83132:7 32700:2
"""
# What is bought outside and inside, by item: unit and price in the network's unit of account.
PRICES = {
    "01219": ("kg", "5.50"), "01234": ("kg", "6.20"), "01520": ("kg", "3.40"), "02910": ("kg", "32.00"),
    "02312": ("dz", "11.00"), "02211": ("l", "3.10"), "22251": ("kg", "38.00"), "23490": ("kg", "14.00"),
    "23721": ("kg", "18.50"), "21494": ("kg", "24.00"), "23911": ("kg", "44.00"), "28236": ("un", "58.00"),
    "38140": ("un", "420.00"), "37221": ("un", "16.00"), "23161": ("kg", "6.80"), "01290": ("kg", "5.90"),
    "28233": ("un", "72.00"), "01701": ("kg", "8.20"), "63310": ("un", "19.00"), "65119": ("h", "36.00"),
    "87290": ("h", "34.00"), "85330": ("h", "28.00"), "82222": ("h", "48.00"), "83132": ("h", "52.00"),
    "97130": ("kg", "7.50"), "92919": ("h", "30.00"), "93192": ("h", "38.00"), "71135": ("un", "25.00"),
    "34659": ("kg", "1.60"), "01260": ("kg", "64.00"), "17100": ("kWh", "0.85"), "42921": ("un", "37.00"),
    "27150": ("un", "1.20"), "23319": ("kg", "2.30"), "35322": ("l", "9.80"), "23110": ("kg", "4.60"),
    "23520": ("kg", "4.10"), "01610": ("kg", "21.00"), "26690": ("m", "18.00"), "31101": ("un", "46.00"),
    "03132": ("kg", "0.90"), "23710": ("kg", "7.40"), "32193": ("un", "2.60"), "29330": ("par", "115.00"),
    "87141": ("h", "55.00"), "33311": ("l", "6.10"), "49921": ("un", "640.00"), "38993": ("un", "13.00"),
    "32700": ("un", "9.50"), "45250": ("un", "890.00"), "35260": ("un", "31.00"), "72111": ("un", "1.00"),
    "64115": ("un", "1.00"), "84120": ("un", "1.00"), "35321": ("un", "3.20"),
}  # fmt: skip
# What a household spends in a month outside, and how.
RENTS = (("72111", 620, 980), ("17100", 85, 150), ("64115", 120, 210), ("84120", 60, 110), ("35260", 70, 190),
         ("29330", 60, 130), ("28233", 70, 160), ("35321", 18, 34), ("35322", 40, 80), ("23110", 20, 50),
         ("23710", 30, 60))  # fmt: skip
# Candidates: key, item, pledged in hundredths, what of in hundredths, wages, surplus, investment, minimum.
RECIPES = """
moinho      23110 90 01112:38 17100:14 27150:4  28 16 6800 1200
saboaria    35322 55 35310:26 27150:5 17100:6   45 18 2900 600
composteira 34659 70 34654:14 65119:12 17100:3  52 19 1900 300
tecelagem   26690 40 26360:33 17100:8           46 13 5200 700
racao       23319 60 01122:41 17100:9           36 14 4300 900
marcenaria  31101 50 03110:44 17100:7           37 12 5600 800
"""


@dataclass(frozen=True)
class Names:
    """How things are called in a network, and how its people write."""

    handle: str
    language: str
    places: tuple[str, ...]
    kinds: dict[str, str]
    recipes: dict[str, str]
    outside: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    words: dict[str, str]
    latitude: Decimal
    longitude: Decimal


_PT = {
    "horta": "Hortas", "tomate": "Tomateiros", "mandioca": "Roça", "mel": "Apicultores", "ovos": "Granja",
    "leite": "Leiteria", "queijo": "Queijaria", "padaria": "Padaria", "massas": "Massas", "doces": "Doceiras",
    "cafe": "Torrefação", "roupas": "Confecção", "moveis": "Marcenaria", "ceramica": "Olaria", "emporio": "Empório",
    "feira": "Feira", "bazar": "Bazar", "quitanda": "Quitanda", "cantina": "Cozinha", "frete": "Fretes",
    "oficina": "Oficina", "limpeza": "Cooperativa de Limpeza", "contas": "Escritório Contábil",
    "computador": "Informática", "lavanderia": "Lavanderia", "escola": "Escola de Ofícios", "cuidados": "Cuidadoras",
    "banco": "Banco Comunitário",
}  # fmt: skip
_ES = {
    "horta": "Huertos", "tomate": "Tomateros", "mandioca": "Hortalizas", "mel": "Apicultores", "ovos": "Gallineros",
    "leite": "Lechería", "queijo": "Quesería", "padaria": "Forn de Pa", "massas": "Pasta Fresca", "doces": "Confitures",
    "cafe": "Tostadero", "roupas": "Taller de Confección", "moveis": "Fusteria", "ceramica": "Terrissaires",
    "emporio": "Botiga", "feira": "Mercat", "bazar": "Bazar", "quitanda": "Colmado", "cantina": "Cuina",
    "frete": "Portes", "oficina": "Taller de Bicis", "limpeza": "Netejadores", "contas": "Gestoría",
    "computador": "Informàtica", "lavanderia": "Bugaderia", "escola": "Escuela de Oficios", "cuidados": "Cures",
    "banco": "Caixa Comuna",
}  # fmt: skip
_RECIPES_PT = {
    "moinho": "Moinho comunitário", "saboaria": "Saboaria", "composteira": "Pátio de compostagem",
    "tecelagem": "Tecelagem", "racao": "Fábrica de ração", "marcenaria": "Serraria comunitária",
}  # fmt: skip
_RECIPES_ES = {
    "moinho": "Molino comunitario", "saboaria": "Jabonería", "composteira": "Planta de compostaje",
    "tecelagem": "Tejeduría", "racao": "Fábrica de pienso", "marcenaria": "Aserradero comunitario",
}  # fmt: skip
_HEADERS_PT = {
    "key": "chave", "name": "nome", "isic": "cnae", "segments": "segmento", "status": "situação",
    "evidence": "evidência", "latitude": "latitude", "longitude": "longitude", "turnover": "faturamento",
    "wages": "remuneração", "surplus": "excedente", "buyer": "comprador", "item": "produto", "supplier": "fornecedor",
    "quantity": "quantidade", "unit": "unidade", "value": "valor", "pledged": "compromisso", "buys": "compras",
    "investment": "investimento", "minimum": "mínimo", "enterprise": "empreendimento", "criterion": "critério",
    "day": "dia", "source": "fonte", "household": "família", "times": "famílias",
}  # fmt: skip
_HEADERS_ES = _HEADERS_PT | {
    "key": "clave", "name": "nombre", "isic": "ciiu", "status": "estado", "evidence": "evidencia",
    "latitude": "latitud", "longitude": "longitud", "turnover": "facturación", "wages": "salarios",
    "item": "producto", "supplier": "proveedor", "quantity": "cantidad", "unit": "unidad", "pledged": "compromiso",
    "investment": "inversión", "enterprise": "empresa", "criterion": "criterio", "source": "fuente",
    "household": "hogar", "times": "hogares",
}  # fmt: skip
_WORDS_PT = {
    "production": "produção", "commerce": "comércio", "service": "serviço", "credit": "crédito",
    "solidarity": "solidária", "transition": "em transição", "outside": "fora", "minutes": "ata da assembleia",
    "invoice": "nota fiscal", "declared": "declarado", "report": "relatório de 2025",
}  # fmt: skip
_WORDS_ES = {
    "production": "producción", "commerce": "comercio", "service": "servicio", "credit": "crédito",
    "solidarity": "solidaria", "transition": "en transición", "outside": "fuera", "minutes": "acta de la asamblea",
    "invoice": "factura", "declared": "declarado", "report": "informe de 2025",
}  # fmt: skip
NETWORKS = (
    Names(
        "riacho", "pt",
        ("Boa Hora", "Mãe Terra", "Sol Nascente", "da Lagoa Rasa", "do Cajueiro", "Ventos do Norte", "da Praia Mansa",
         "do Riacho", "Mutirão", "da Ladeira", "Três Irmãs", "Pedra Furada"),
        _PT, _RECIPES_PT,
        (("trigal", "Trigal Atacado"), ("vale-moinhos", "Moinhos do Vale"), ("boa-nova", "Cerealista Boa Nova")),
        _HEADERS_PT, _WORDS_PT, Decimal("-3.74"), Decimal("-38.53"),
    ),
    Names(
        "serra", "pt",
        ("da Serra", "do Pinhão", "Campo Alto", "da Neblina", "Araucária", "do Faxinal", "Água Clara", "da Colina",
         "Vento Sul", "dos Tropeiros", "Vila Nova", "do Passo"),
        _PT, _RECIPES_PT,
        (("graos-sul", "Grãos do Sul"), ("pampa-farinhas", "Pampa Farinhas"), ("boa-nova", "Cerealista Boa Nova")),
        _HEADERS_PT, _WORDS_PT, Decimal("-29.45"), Decimal("-50.58"),
    ),
    Names(
        "encants", "es",
        ("dels Encants", "del Clot", "de la Plaça", "Camp de l’Arpa", "La Farinera", "del Barri", "Nova Lluna",
         "de la Sèquia", "Vent de Mar", "Els Tres Camins", "del Rec", "La Muntanyeta"),
        _ES, _RECIPES_ES,
        (("farines-nord", "Farines del Nord"), ("llano-cereal", "Cereales del Llano"), ("blat-antic", "Blat Antic")),
        _HEADERS_ES, _WORDS_ES, Decimal("41.41"), Decimal("2.19"),
    ),
)  # fmt: skip


@dataclass
class Firm:
    """An enterprise as it is drawn."""

    key: str
    name: str
    isic: str
    segment: str
    item: str
    buys: dict[str, int]
    size: int
    status: str
    spent: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    rows: list[tuple[str, str, int, Decimal]] = field(default_factory=list)
    """Item, supplier, quantity and value."""


def sheets_of(names: Names, others: tuple[str, ...], dice: Random) -> dict[str, str]:
    """Return the sheets of a network by the name of their file."""
    firms = _firms(names, dice)
    by_item: dict[str, list[Firm]] = {}
    for firm in firms:
        by_item.setdefault(firm.item, []).append(firm)
    for firm in firms:
        for item, share in firm.buys.items():
            _buy(firm, item, share, by_item, (names, others), dice)
    households = _households(by_item, dice)
    for _, _, supplier, value, times in households:
        for firm in firms:
            if firm.key == supplier:
                firm.sold += value * times
    turnover: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
    for firm in firms:
        least = (firm.spent * Decimal("1.28")).quantize(Decimal(1))
        whole = max(firm.sold + Decimal(dice.randrange(0, 400)), least)
        surplus = (whole * dice.randrange(3, 8) / 100).quantize(Decimal(1))
        turnover[firm.key] = whole, whole - firm.spent - surplus, surplus
    return {
        "enterprises.csv": _enterprises(names, firms, turnover, dice),
        "relations.csv": _relations(names, firms, dice),
        "households.csv": _sheet(
            names, ("household", "item", "supplier", "value", "times"),
            [(family, item, supplier or names.words["outside"], _money(value), str(times))
             for family, item, supplier, value, times in households],
        ),
        "recipes.csv": _recipes(names, by_item),
        "criteria.csv": _criteria(names, dice),
    }  # fmt: skip


def _firms(names: Names, dice: Random) -> list[Firm]:
    places = list(names.places)
    found: list[Firm] = []
    for line in KINDS.strip().splitlines():
        kind, isic, segment, item, count, *buys = line.split()
        dice.shuffle(places)
        for at in range(int(count)):
            key = kind if count == "1" else f"{kind}-{at + 1}"
            status = dice.choice(("solidarity",) * 5 + ("transition",))
            bought = {code: int(share) for code, _, share in (one.partition(":") for one in buys)}
            size = dice.randrange(22, 74) * 100
            found.append(Firm(key, f"{names.kinds[kind]} {places[at]}", isic, segment, item, bought, size, status))
    return found


def _buy(
    firm: Firm,
    item: str,
    share: int,
    by_item: dict[str, list[Firm]],
    where: tuple[Names, tuple[str, ...]],
    dice: Random,
) -> None:
    """Let a firm buy an item: mostly inside where somebody makes it, some of it in another network."""
    names, others = where
    target = Decimal(firm.size * share) / 100
    inside = [one for one in by_item.get(item, ()) if one is not firm]
    outside = names.words["outside"]
    parts: list[tuple[str, Decimal]] = []
    if inside:
        supplier = dice.choice(inside)
        within = dice.choice((60, 80, 100))
        parts.append((supplier.key, target * within / 100))
        if within < 100:
            abroad = f"{dice.choice(others)}/{supplier.key}"
            parts.append((abroad if dice.random() < 0.4 else outside, target * (100 - within) / 100))
    elif item == "23110":
        first, second = dice.sample([key for key, _ in names.outside], 2)
        parts += [(first, target * 70 / 100), (second, target * 30 / 100)]
    elif target > 900:
        parts += [(outside, target * 65 / 100), (outside, target * 35 / 100)]
    else:
        parts.append((outside, target))
    price = Decimal(PRICES[item][1])
    for supplier, value in parts:
        quantity = max(int(value / price), 1)
        firm.rows.append((item, supplier, quantity, quantity * price))
        firm.spent += quantity * price
        for one in inside:
            if one.key == supplier:
                one.sold += quantity * price


def _households(by_item: dict[str, list[Firm]], dice: Random) -> list[tuple[str, str, str, Decimal, int]]:
    """Return what families buy: each row stands for as many of its kind."""
    found: list[tuple[str, str, str, Decimal, int]] = []
    for family in "abcdef":
        times = dice.randrange(6, 15)
        for item, least, most in RENTS:
            found.append((family, item, "", Decimal(dice.randrange(least, most)), times))
        for item in ("23161", "23490", "01290", "01701", "63310", "97130", "92919", "93192", "87290", "38140", "21494"):
            firm = dice.choice(by_item[item])
            found.append((family, item, firm.key, Decimal(dice.randrange(18, 95)), times))
    return found


def _enterprises(
    names: Names, firms: list[Firm], turnover: dict[str, tuple[Decimal, Decimal, Decimal]], dice: Random
) -> str:
    columns = ("key", "name", "isic", "segments", "status", "evidence", "latitude", "longitude", "turnover", "wages",
               "surplus")  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for firm in firms:
        place = (one + Decimal(dice.randrange(-9, 10)) / 100 for one in (names.latitude, names.longitude))
        degrees = (str(one).replace(".", ",") for one in place)
        figures = map(_money, turnover[firm.key])
        said = (firm.isic, names.words[firm.segment], names.words[firm.status], names.words["minutes"])
        rows.append((firm.key, firm.name, *said, *degrees, *figures))
    for key, name in names.outside:
        rows.append((key, name, "1061", names.words["production"], names.words["outside"], *[""] * 6))
    return _sheet(names, columns, rows)


def _relations(names: Names, firms: list[Firm], dice: Random) -> str:
    rows: list[tuple[str, ...]] = []
    for firm in firms:
        for item, supplier, quantity, value in firm.rows:
            evidence = names.words[dice.choice(("invoice", "invoice", "declared"))]
            unit = PRICES[item][0]
            rows.append((firm.key, item, supplier, _whole(quantity), unit, _money(value), evidence))
    return _sheet(names, ("buyer", "item", "supplier", "quantity", "unit", "value", "evidence"), rows)


def _recipes(names: Names, by_item: dict[str, list[Firm]]) -> str:
    rows: list[tuple[str, ...]] = []
    for line in RECIPES.strip().splitlines():
        key, item, pledged, *more = line.split()
        buys, (wages, surplus, investment, minimum) = more[:-4], more[-4:]
        told: list[str] = []
        for one in buys:
            code, _, share = one.partition(":")
            maker = by_item.get(code, [])
            told.append(f"{code} ({maker[0].key}) {share}%" if maker else f"{code} {share}%")
        rows.append((key, names.recipes[key], item, f"{pledged}%", " + ".join(told), f"{wages}%", f"{surplus}%",
                     _whole(int(investment)), _whole(int(minimum))))  # fmt: skip
    columns = ("key", "name", "item", "pledged", "buys", "wages", "surplus", "investment", "minimum")
    return _sheet(names, columns, rows)


def _criteria(names: Names, dice: Random) -> str:
    rows: list[tuple[str, ...]] = []
    for at, (key, _) in enumerate(names.outside):
        for criterion in ("labour", "ecology", "ownership", "nearness", "openness"):
            value = "" if (at, criterion) == (1, "labour") else f"0,{dice.randrange(1, 10)}"
            source = names.words["report"] if value else ""
            rows.append((key, criterion, value, "2026-03-15" if value else "", source))
    return _sheet(names, ("enterprise", "criterion", "value", "day", "source"), rows)


def _sheet(names: Names, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow([names.headers[one] for one in columns])
    writer.writerows(rows)
    return text.getvalue()


def _money(value: Decimal) -> str:
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _whole(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def all_sheets() -> dict[str, str]:
    """Return all sheets by their path in the folder."""
    dice = Random(SEED)
    handles = [one.handle for one in NETWORKS]
    return {
        f"{names.handle}/{file}": text
        for names in NETWORKS
        for file, text in sheets_of(names, tuple(one for one in handles if one != names.handle), dice).items()
    }


if __name__ == "__main__":
    for place, text in all_sheets().items():
        path = FOLDER / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
